import { randomBytes } from "#crypto";
import { peerIdOf } from "../../src/mesh/peerId.ts";
import { type Mesh, type MeshOptions, startMesh } from "../../src/mesh/startMesh.ts";
import { bindMeshLog } from "../../src/node/bindMeshLog.ts";
import { appendOwnBatch } from "../../src/store/node/appendBatch.ts";
import type { LogStore } from "../../src/store/node/logStore.ts";
import type { Batch } from "../../src/wire/batch.ts";
import type { Envelope } from "../../src/wire/envelope.ts";
import { type Hex, toHex } from "../../src/wire/ids.ts";
import { signPeerProof } from "../../src/wire/peerProof.ts";
import { openTestStore } from "./openTestStore.ts";
import { registeredNode } from "./registeredNode.ts";
import type { TestDirectory } from "./testDirectory.ts";
import { testNetwork } from "./testNetwork.ts";
import { type TestOriginator, testOriginator } from "./testOriginator.ts";

/** Log store, keys and mesh of a node, over TCP on 127.0.0.1. */
export type TestMesh = AsyncDisposable & {
  readonly mesh: Mesh;
  readonly store: LogStore;
  readonly originator: TestOriginator;
  /** Signs, stores and gossips a batch. */
  readonly publish: (envelopes: readonly Envelope[]) => Promise<Batch>;
  /** Enters it in a registry. */
  readonly register: (directory: TestDirectory) => void;
};

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined };

export async function startTestMesh(
  params: {
    name: string;
    directory: TestDirectory;
    /** To be started again: the same keys and database. */
    keys?: { privateKey: Uint8Array; originator: TestOriginator; path: string };
  } & Partial<MeshOptions>,
): Promise<TestMesh> {
  const { name, directory, keys, ...options } = params;
  const opened = await openTestStore(keys?.path);
  const { store } = opened;
  const originator = keys?.originator ?? testOriginator(name);
  const privateKey = keys?.privateKey ?? randomBytes(32);
  const mesh = await startMesh({
    privateKey,
    listen: ["/ip4/127.0.0.1/tcp/0"],
    network: testNetwork,
    directory,
    log: bindMeshLog(store),
    syncPeriodMs: 200,
    logger: silent,
    ...options,
  }).catch(async (error: unknown) => {
    await opened[Symbol.asyncDispose]();
    throw error;
  });
  const { network = testNetwork } = options;
  const peerId: Hex = toHex((await peerIdOf({ privateKey })).bytes);
  const peerProof = toHex(signPeerProof({ network, node: originator.log.node, privateKey }));
  const publish = async (envelopes: readonly Envelope[]): Promise<Batch> => {
    const batch = originator.next(envelopes);
    await appendOwnBatch({ store, batch });
    mesh.publishBatch(batch);
    return batch;
  };
  const register = (where: TestDirectory): void =>
    where.set(registeredNode(originator, { peerId, peerProof, multiaddrs: mesh.multiaddrs() }));
  const dispose = async (): Promise<void> => {
    await mesh[Symbol.asyncDispose]();
    await opened[Symbol.asyncDispose]();
  };
  return { mesh, store, originator, publish, register, [Symbol.asyncDispose]: dispose };
}
