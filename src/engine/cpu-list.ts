// Lists such as "0-3,7", as the kernel writes cpus and memory nodes. cpuset(7), "List format".

/** The numbers of a list. */
export function expandList(list: string): number[] {
  const numbers: number[] = [];
  for (const range of list.split(",")) {
    const [first = "", last = first] = range.split("-");
    if (first === "") continue;
    for (let number = Number(first); number <= Number(last); number++) numbers.push(number);
  }
  return numbers;
}
