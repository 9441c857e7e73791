import { appendFileSync } from "node:fs";
import { openBatcher } from "../../src/node/batcher.ts";
import { openLogStore } from "../../src/store/node/openLogStore.ts";
import { openDatabase } from "../../src/store/openDatabase.ts";
import { batchHeaderHash } from "../../src/wire/batchHeader.ts";
import { envelopeHash } from "../../src/wire/envelope.ts";
import { asId, fromHex, toHex } from "../../src/wire/ids.ts";
import { testNetwork } from "../support/testNetwork.ts";
import { testEnvelope } from "../support/testOriginator.ts";

/**
 * The process that batcher.test.ts kills: appends without end and writes each thing that leaves it to a file, one
 * JSON line each, as soon as it may leave. Arguments: database, file, node id, signing key, name of the run.
 */
const [path = "", report = "", node = "", key = "", run = ""] = process.argv.slice(2);
const database = await openDatabase({ path, kind: "node", network: testNetwork });
const store = await openLogStore({ database });
const batcher = await openBatcher({
  store,
  network: testNetwork,
  log: { node: asId(node), generation: 1n, shard: 0 },
  signingKey: fromHex(key),
  anchor: () => ({ number: 1, hash: toHex(new Uint8Array(32).fill(1)) }),
  onBatch: ({ header, headerBytes }) =>
    say({ first: `${header.firstSequence}`, count: header.count, header: batchHeaderHash(headerBytes) }),
});

function say(what: object): void {
  appendFileSync(report, `${JSON.stringify(what)}\n`);
}

for (let round = 0; ; round++) {
  const wave = Array.from({ length: 20 }, (_, i) => testEnvelope({ topic: 1, text: `${run}/${round}/${i}` }));
  await Promise.all(
    wave.map(async (envelope) => {
      await batcher.append(envelope);
      say({ acknowledged: envelopeHash(envelope) });
    }),
  );
}
