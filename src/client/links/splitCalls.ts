/** Splits what goes into calls, so that none has more items or bytes than a node takes. Pure. */
export function splitCalls<Item>(params: {
  items: readonly Item[];
  most: number;
  mostBytes: number;
  bytesOf: (item: Item) => number;
}): Item[][] {
  const { items, most, mostBytes, bytesOf } = params;
  const calls: Item[][] = [];
  let bytes = 0;
  for (const item of items) {
    const own = bytesOf(item);
    const call = calls.at(-1);
    if (call && call.length < most && bytes + own <= mostBytes) {
      call.push(item);
      bytes += own;
    } else {
      calls.push([item]);
      bytes = own;
    }
  }
  return calls;
}
