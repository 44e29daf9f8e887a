export async function explainRun(..._: readonly unknown[]): Promise<number> {
  return 1;
}
