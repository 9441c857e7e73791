import { privateKeyToAccount } from "viem/accounts";
import * as backend from "#crypto";
import { solvePuzzles } from "../../src/crypto/solvePuzzles.ts";
import {
  type Client,
  createGroup,
  type GroupId,
  groupStatus,
  type Hex,
  type InboxId,
  isWeftError,
  listGroups,
  listMessages,
  type Network,
  openClient,
  rotateKeys,
  sendMessage,
  setOnline,
} from "../../src/index.ts";
import { backendAnswers, backendProofs, checkProofs } from "./backendAnswers.ts";

/** What the page offers to the test, which calls it from outside: one client on IndexedDB. All JSON. */
const weft = {
  open: async (params: {
    name: string;
    privateKey: Hex;
    nodes: readonly string[];
    network: Network;
    online: boolean;
  }) => {
    const { name, privateKey, ...others } = params;
    const wallet = privateKeyToAccount(privateKey);
    try {
      client = await openClient({ ...others, directory: name, wallet, rotation: "off", consent: "allow" });
    } catch (error) {
      return { kind: "failed" as const, code: isWeftError(error) ? error.code : "", message: String(error) };
    }
    return { kind: "open" as const, inbox: client.inbox, installation: client.installation };
  },
  /** Solves puzzles with the platform's workers or, as where a page's rules forbid them, without; tells how many began. */
  solve: async (params: { prefix: readonly number[]; count: number; bits: number; mayWork: boolean }) => {
    const { prefix, count, bits, mayWork } = params;
    const { Worker: Real } = globalThis as unknown as { Worker: new (url: string) => object };
    let workers = 0;
    const counting = function (this: unknown, url: string) {
      if (!mayWork) throw new Error("forbidden");
      workers++;
      return new Real(url);
    };
    Object.assign(globalThis, { Worker: counting });
    const puzzles = { prefix: Uint8Array.from(prefix), count, bits };
    const nonces = await solvePuzzles({ puzzles, signal: new AbortController().signal });
    Object.assign(globalThis, { Worker: Real });
    return { nonces: [...nonces], workers };
  },
  close: async () => opened()[Symbol.asyncDispose](),
  goOnline: () => setOnline({ client: opened(), online: true }),
  create: async (params: { name: string; members: readonly InboxId[] }) => {
    const { group, intent } = await createGroup({ client: opened(), ...params });
    return { group, outcome: await intent.acknowledged };
  },
  send: async (params: { group: GroupId; text: string }) =>
    (await sendMessage({ client: opened(), ...params })).settled,
  /** Resolves when the message is written down here; whether it went out is another matter. */
  leaveUnsent: async (params: { group: GroupId; text: string }) => {
    await sendMessage({ client: opened(), ...params });
  },
  rotate: async (params: { group: GroupId }) => (await rotateKeys({ client: opened(), ...params })).settled,
  groups: () => listGroups({ client: opened() }),
  /** Where the client stands in a group and what it shows of it. */
  read: async (params: { group: GroupId }) => {
    const { epoch, head, digests } = await groupStatus({ client: opened(), ...params });
    const items = await listMessages({ client: opened(), ...params });
    const texts = items.flatMap((item) => (item.kind === "message" ? [item.text] : []));
    return { epoch, head, digests: [...digests], texts };
  },
  /** How sure of the disk all writes of this page were. */
  durabilities: () => [...durabilities],
  backendAnswers: () => backendAnswers(backend),
  backendProofs: () => backendProofs(backend),
  checkProofs: (proofs: ReturnType<typeof backendProofs>) => checkProofs(backend, proofs),
};

let client: Client | undefined;
const durabilities = new Set<string>();
recordDurabilities();

/** The browser tells only when asked for the transaction. */
function recordDurabilities(): void {
  const { transaction } = IDBDatabase.prototype;
  IDBDatabase.prototype.transaction = function (...args) {
    const begun = transaction.apply(this, args);
    if (begun.mode === "readwrite") durabilities.add(begun.durability);
    return begun;
  };
}

function opened(): Client {
  if (client === undefined) throw new Error("no client was opened in this page");
  return client;
}

declare global {
  var weftPage: typeof weft;
}

globalThis.weftPage = weft;
