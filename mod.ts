/** entry */
export function answer(a: number) {
  return a + 1;
}
