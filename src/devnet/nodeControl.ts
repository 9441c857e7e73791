import type { ChildProcess } from "node:child_process";
import { WeftError } from "../errors.ts";

/**
 * What a devnet tells a node over the channel between parent and child process, which nobody else has: to which peers
 * it may be connected, by peer id; null: to all. A node that is started with `--controlled` waits for the first word,
 * and answers each when it is in force.
 */
type Word = { readonly turn: number; readonly peers: readonly string[] | null };

/** Undefined: all. */
export type PeerLimit = ReadonlySet<string> | undefined;

/** The devnet's half: resolves when the node has done so; throws `not-ready` if it ends before. */
export type TellPeerLimit = (limit: PeerLimit) => Promise<void>;

export function openNodeControl(params: { child: ChildProcess; exited: Promise<string> }): TellPeerLimit {
  const { child, exited } = params;
  const open = new Map<number, () => void>();
  let turns = 0;
  child.on("message", (message) => {
    if (typeof message === "object" && "turn" in message && typeof message.turn === "number") {
      open.get(message.turn)?.();
      open.delete(message.turn);
    }
  });
  return async (limit) => {
    const turn = ++turns;
    const done = new Promise<void>((resolve) => void open.set(turn, resolve));
    const gone = exited.then((reason) => {
      throw new WeftError({ code: "not-ready", message: `a node ${reason} before it took its peers` });
    });
    gone.catch(() => undefined);
    const word: Word = { turn, peers: limit === undefined ? null : [...limit] };
    child.send(word, () => undefined);
    await Promise.race([done, gone]);
  };
}

/** The node's half: hands over every limit. Throws `bad-config` in a process that nobody controls. */
export function obeyNodeControl(params: { onLimit: (limit: PeerLimit) => void }): void {
  if (process.send === undefined) {
    throw new WeftError({ code: "bad-config", message: "--controlled is for nodes that a devnet starts" });
  }
  process.on("message", (message) => {
    if (!isWord(message)) return;
    params.onLimit(message.peers === null ? undefined : new Set(message.peers));
    process.send?.({ turn: message.turn });
  });
}

function isWord(message: unknown): message is Word {
  if (typeof message !== "object" || message === null || !("peers" in message)) return false;
  const { peers } = message;
  return peers === null || (Array.isArray(peers) && peers.every((peer) => typeof peer === "string"));
}
