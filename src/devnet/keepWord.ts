import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { text } from "node:stream/consumers";

/** What only the process that gave it can answer, and no longer than it runs. */
export type Word = { readonly port: number; readonly token: string };

/** This machine answers at once, or nobody is there who could. */
const ANSWER_TIMEOUT_MS = 1_000;

/** Answers with a token of its own until it is disposed. */
export async function keepWord(): Promise<AsyncDisposable & { readonly word: Word }> {
  const token = randomUUID();
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.end(token);
  });
  server.on("error", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  server.unref();
  const { port } = server.address() as AddressInfo;
  return { word: { port, token }, [Symbol.asyncDispose]: async () => void server.close() };
}

/** True if the process that gave this word still runs. */
export async function answersWord(word: Word | undefined): Promise<boolean> {
  if (word === undefined) return false;
  const socket = connect(word.port, "127.0.0.1");
  const timer = setTimeout(() => socket.destroy(new Error("no answer")), ANSWER_TIMEOUT_MS);
  try {
    return (await text(socket)) === word.token;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}
