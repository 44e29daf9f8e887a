export async function clone(..._: readonly unknown[]): Promise<number> { return 1; }
