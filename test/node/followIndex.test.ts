import assert from "node:assert/strict";
import { test } from "node:test";
import { pino } from "pino";
import { openChain } from "../../src/chain/provider/openChain.ts";
import { WeftError } from "../../src/errors.ts";
import { openChainHub } from "../../src/node/chainHub.ts";
import { followIndex } from "../../src/node/followIndex.ts";
import { openReadiness } from "../../src/node/readiness.ts";
import { watchDisk } from "../../src/node/watchDisk.ts";
import { openChainIndex } from "../../src/store/node/chainIndex.ts";
import { mendStore } from "../../src/store/node/mendStore.ts";
import { failDisk } from "../support/failDisk.ts";
import { openTestStore } from "../support/openTestStore.ts";
import { startTestChain } from "../support/startTestChain.ts";
import { until } from "../support/until.ts";

test("a node whose disk was full is not ready meanwhile, and follows the chain again by itself", async () => {
  await using local = await startTestChain({ blockMs: 50 });
  const { network, rpcUrl } = local;
  await using opened = await openTestStore();
  const { store } = opened;
  const index = await openChainIndex({ database: store.database });
  const readiness = openReadiness({ index, maxIndexLagSeconds: 30 });
  const logger = pino({ level: "silent" });
  using _ = watchDisk({ store, readiness, logger });
  const stop = new AbortController();
  using _stopped = { [Symbol.dispose]: () => stop.abort() };
  const stuck = new Set<string | undefined>();
  const following = followIndex({
    ...{ store, index, logger, signal: stop.signal, hub: openChainHub(undefined) },
    chain: await openChain({ rpcUrl, network }),
    settings: { finalityBlocks: 64, chainPollMs: 20, blocksPerPage: 2_000 },
    onProgress: readiness.tell,
    onNodes: () => undefined,
    onRollback: () => undefined,
    onStuck: (reason) => {
      stuck.add(reason);
      readiness.tell({ stuck: reason });
    },
  });
  const reaches = (number: number) => () => (index.state.head?.number ?? 0) >= number;
  await until("it follows", reaches(1));
  {
    using _ = failDisk(store.database);
    await until("it says so", () => /the disk is full/.test(readiness.reason() ?? ""));
    await store.writer.attempt;
  }
  const full = index.state.head?.number ?? 0;
  await until("it follows again", reaches(full + 3));
  assert.deepEqual(stuck, new Set([undefined, "its chain index could not be read or written"]));
  assert.equal(readiness.indexReason(), undefined);
  readiness.tell({ stuck: "it is stuck" });
  assert.equal(readiness.indexReason(), "it is stuck", "though the disk can be opened");
  await until("whatever is stored ends that", () => readiness.indexReason() === undefined);
  assert.equal(readiness.failure(), undefined);
  {
    using _ = failDisk(store.database, "Corruption: bad block");
    await assert.rejects(following, { code: "damaged-database" });
    const fault = new WeftError({ code: "damaged-database", message: "bad block" });
    void mendStore({ store, fault });
    await until("it is unhealthy", () => readiness.failure()?.code === "damaged-database");
  }
});
