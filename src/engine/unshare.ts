export async function unshare(..._: readonly unknown[]): Promise<number> { return 1; }
