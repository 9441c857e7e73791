import { noise } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import { generateKeyPairFromSeed } from "@libp2p/crypto/keys";
import { identify } from "@libp2p/identify";
import type { Connection, Libp2p } from "@libp2p/interface";
import { peerIdFromString } from "@libp2p/peer-id";
import { ping } from "@libp2p/ping";
import { tcp } from "@libp2p/tcp";
import { lpStream } from "@libp2p/utils";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";
import { randomBytes } from "#crypto";
import { gossipService, gossipTopic, type MeshServices } from "../../src/mesh/gossip.ts";
import { peerIdOf } from "../../src/mesh/peerId.ts";
import { SYNC_PROTOCOL } from "../../src/mesh/syncMessages.ts";
import { toHex } from "../../src/wire/ids.ts";
import { signPeerProof } from "../../src/wire/peerProof.ts";
import { registeredNode } from "./registeredNode.ts";
import type { TestDirectory } from "./testDirectory.ts";
import { testNetwork } from "./testNetwork.ts";
import { testOriginator } from "./testOriginator.ts";
import { until } from "./until.ts";

/** A peer that speaks libp2p but keeps no rule: sends any bytes by gossip and by sync, and answers with any. */
export type HostilePeer = AsyncDisposable & {
  readonly libp2p: Libp2p<MeshServices>;
  readonly register: (directory: TestDirectory) => void;
  /** Connects, and waits until its gossip reaches `peerId`. */
  readonly join: (params: { addresses: readonly string[]; peerId: string }) => Promise<Connection>;
  readonly gossip: (bytes: Uint8Array) => Promise<void>;
  /** Sends one frame by the sync protocol and gives the answer's bytes. */
  readonly ask: (params: { peerId: string; bytes: Uint8Array }) => Promise<Uint8Array>;
};

export async function startHostilePeer(
  params: { answer?: (request: Uint8Array) => Uint8Array } = {},
): Promise<HostilePeer> {
  const privateKey = randomBytes(32);
  const topic = gossipTopic({ network: testNetwork, shard: 0 });
  const libp2p = await createLibp2p<MeshServices>({
    privateKey: await generateKeyPairFromSeed("Ed25519", privateKey),
    addresses: { listen: ["/ip4/127.0.0.1/tcp/0"] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    services: { identify: identify(), ping: ping(), gossip: gossipService([topic]) },
  });
  libp2p.services.gossip.subscribe(topic);
  const { answer } = params;
  if (answer !== undefined) {
    await libp2p.handle(SYNC_PROTOCOL, async (stream) => {
      const frames = lpStream(stream);
      await frames.write(answer((await frames.read()).subarray()));
      await stream.close();
    });
  }
  const originator = testOriginator(toHex(privateKey));
  const { bytes } = await peerIdOf({ privateKey });
  return {
    libp2p,
    register: (directory) =>
      directory.set(
        registeredNode(originator, {
          peerId: toHex(bytes),
          peerProof: toHex(signPeerProof({ network: testNetwork, node: originator.log.node, privateKey })),
          multiaddrs: libp2p.getMultiaddrs().map(String),
        }),
      ),
    join: async ({ addresses, peerId }) => {
      const connection = await libp2p.dial(addresses.map((address) => multiaddr(address)));
      const subscribers = () => libp2p.services.gossip.getSubscribers(topic).map(String);
      await until("the hostile peer is heard", () => subscribers().includes(peerId));
      return connection;
    },
    gossip: async (data) => {
      await libp2p.services.gossip.publish(topic, data);
    },
    ask: async ({ peerId, bytes: request }) => {
      const [connection] = libp2p.getConnections(peerIdFromString(peerId));
      if (connection === undefined) throw new Error("not connected");
      const stream = await connection.newStream(SYNC_PROTOCOL);
      const frames = lpStream(stream);
      await frames.write(request);
      const response = (await frames.read()).subarray();
      await stream.close();
      return response;
    },
    [Symbol.asyncDispose]: async () => {
      await libp2p.stop();
    },
  };
}
