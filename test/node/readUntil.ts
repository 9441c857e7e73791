/** Reads a stream until an item satisfies `last`; returns all that was read, and ends the stream. */
export async function readUntil<T>(
  stream: AsyncIterable<T>,
  last: (item: T) => boolean,
): Promise<readonly T[]> {
  const items: T[] = [];
  for await (const item of stream) {
    items.push(item);
    if (last(item)) return items;
  }
  throw new Error("the stream ended");
}
