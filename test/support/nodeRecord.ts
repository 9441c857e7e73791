import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { PublishRequestSchema } from "../../src/gen/weft/v1/node_pb.ts";
import { openLogger } from "../../src/node/openLogger.ts";
import { openDatabase } from "../../src/store/openDatabase.ts";
import { commonSchema, nodeSchema } from "../../src/store/schema.ts";
import type { Network } from "../../src/wire/network.ts";
import { parseTopic } from "../../src/wire/topic.ts";
import { findNames, type Secret } from "./findNames.ts";
import type { RecordedMessage } from "./recordCalls.ts";
import { startTestChain } from "./startTestChain.ts";
import { startTestNode, type TestNode } from "./startTestNode.ts";
import { temporaryDirectory } from "./temporaryDirectory.ts";

/** Some bytes that a node got hold of, under the name that docs/protocol/privacy.md has for them. */
export type Piece = { readonly place: string; readonly bytes: Uint8Array };

const prefixes = new Map<number, string>(
  Object.entries({ ...commonSchema, ...nodeSchema }).map(([name, { prefix }]) => [prefix, name]),
);

/** Nodes whose logs are kept, as loud as they can be. */
export async function startLoggedNetwork(params: { nodes: number }) {
  await using stack = new AsyncDisposableStack();
  const chain = stack.use(await startTestChain({ blockMs: 50 }));
  const logs: Piece[] = [];
  const logger = openLogger({
    level: "trace",
    to: { write: (line) => void logs.push({ place: "logs", bytes: Buffer.from(line) }) },
  });
  const nodes: TestNode[] = [];
  const directories: string[] = [];
  const running = stack.use(new AsyncDisposableStack());
  for (let account = 1; account <= params.nodes; account++) {
    const { path: dataDir } = stack.use(await temporaryDirectory());
    nodes.push(running.use(await startTestNode({ chain, account, logger, dataDir })));
    directories.push(dataDir);
  }
  const owned = stack.move();
  return {
    ...{ chain, nodes, logs },
    /** Closes the nodes and reads what is on their disks. */
    readDisks: async (): Promise<Piece[]> => {
      await running.disposeAsync();
      const disks = directories.map((dataDir) => piecesStored({ dataDir, network: chain.network }));
      return (await Promise.all(disks)).flat();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A request as pieces: each envelope that is published is one of its own, named for its kind of topic. */
export function piecesOfRequest({ method, bytes, envelope }: RecordedMessage): Piece[] {
  const head = { place: method, bytes: Buffer.from(envelope) };
  if (method !== "Publish") return [head, { place: method, bytes }];
  const { envelopes } = fromBinary(PublishRequestSchema, bytes);
  const published = envelopes.map(({ topic, payload }) => ({
    place: `Publish: ${parseTopic(topic).kind}`,
    bytes: Buffer.concat([topic, payload]),
  }));
  return [head, ...published];
}

/** What a node shows to everybody who asks for it. */
export async function piecesExported({ url, metricsUrl, api }: TestNode): Promise<Piece[]> {
  const addresses = [`${metricsUrl}/metrics`, `${url}/healthz`, `${url}/readyz`];
  const pages = addresses.map(async (address) => (await fetch(address)).text());
  const told = [
    ...(await Promise.all(pages)),
    asText(await api.getNode({})),
    asText(await api.listNodes({})),
  ];
  return told.map((text) => ({ place: "exports", bytes: Buffer.from(text) }));
}

/** Every record of the database of a node that is closed. */
async function piecesStored(params: { dataDir: string; network: Network }): Promise<Piece[]> {
  const { dataDir, network } = params;
  await using database = await openDatabase({ path: join(dataDir, "database"), kind: "node", network });
  const rows = await database.level.iterator().all();
  return rows.map(([key, value]) => ({
    place: `stored: ${placeOf(key, value)}`,
    bytes: Buffer.concat([key, value]),
  }));
}

/** Bodies of envelopes by the kind of their topic. */
function placeOf(key: Uint8Array, value: Uint8Array): string {
  const name = prefixes.get(key[0] ?? -1) ?? `prefix ${key[0]}`;
  return name === "body" ? `body: ${parseTopic(value.subarray(0, 33)).kind}` : name;
}

/** Which kinds of names stand where. */
export function namesByPlace(
  pieces: readonly Piece[],
  secrets: readonly Secret[],
): Map<string, ReadonlySet<string>> {
  const places = Map.groupBy(pieces, ({ place }) => place);
  const found = [...places].map(([place, those]) => {
    const kinds = those.flatMap(({ bytes }) => findNames(bytes, secrets)).map(({ kind }) => kind);
    return [place, new Set(kinds)] as const;
  });
  return new Map(found);
}

function asText(value: unknown): string {
  return JSON.stringify(value, (_, field: unknown) => (typeof field === "bigint" ? String(field) : field));
}
