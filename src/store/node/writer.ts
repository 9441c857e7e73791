import { isStorageFault, isWeftError, WeftError } from "../../errors.ts";
import { storageFault } from "../storageFault.ts";
import { forgetSums } from "../topicSums.ts";
import { type Write, writeAtomic } from "../writeAtomic.ts";
import type { Job, LogStore, Planned, Staged, StagedJob } from "./logStore.ts";
import { logStateOf } from "./logStore.ts";
import { mendStore } from "./mendStore.ts";
import { wakeTopics } from "./watchTopics.ts";

const MAX_QUEUED_JOBS = 4096;
const MAX_QUEUED_BYTES = 64 * 1024 * 1024;
/** How much is written together, so that waiting changes share the cost of a synced write. */
const MAX_WRITE_BYTES = 4 * 1024 * 1024;
const MAX_WRITE_JOBS = 256;

/**
 * Queues a change of the store. Changes are planned one after another, each on what those before it leave, and written
 * together in one synced LevelDB batch, after which the promise settles. Throws what the plan throws, `limit-exceeded`
 * if too much waits, and `storage`, `disk-full` or `damaged-database` if the write failed (see `mendStore`).
 */
export function enqueue<Outcome>(params: {
  store: LogStore;
  bytes: number;
  plan: (staged: Staged) => Promise<Planned<Outcome>>;
}): Promise<Outcome> {
  const { store, bytes, plan } = params;
  const { writer } = store;
  if (writer.jobs.length >= MAX_QUEUED_JOBS || writer.queuedBytes + bytes > MAX_QUEUED_BYTES) {
    const message = `${writer.jobs.length} writes wait for the disk`;
    return Promise.reject(new WeftError({ code: "limit-exceeded", message }));
  }
  return new Promise<Outcome>((resolve, reject) => {
    const stage = async (staged: Staged): Promise<StagedJob> => {
      const planned = await plan(staged);
      return { planned, resolve: () => resolve(planned.outcome) };
    };
    writer.jobs.push({ bytes, stage, reject });
    writer.queuedBytes += bytes;
    if (!writer.draining) void drain(store);
  });
}

/** Resolves when all changes that were queued before have been written or refused. Throws as `enqueue` does. */
export async function settleWrites(store: LogStore): Promise<void> {
  const plan = async (staged: Staged): Promise<Planned<void>> => ({
    outcome: undefined,
    writes: [],
    wake: [],
    ...staged,
  });
  await enqueue({ store, bytes: 0, plan });
}

async function drain(store: LogStore): Promise<void> {
  const { writer } = store;
  writer.draining = true;
  while (writer.jobs.length > 0) {
    const jobs = takeJobs(store);
    await writer.attempt;
    try {
      if (writer.fault) throw writer.fault;
      await writeJobs(store, jobs);
    } catch (error) {
      for (const job of jobs) job.reject(error);
      const { path } = store.database;
      void mendStore({ store, fault: storageFault({ path, cause: error }) });
    }
  }
  writer.draining = false;
}

function takeJobs({ writer }: LogStore): Job[] {
  const jobs: Job[] = [];
  let bytes = 0;
  while (jobs.length < MAX_WRITE_JOBS && bytes < MAX_WRITE_BYTES) {
    const job = writer.jobs.shift();
    if (job === undefined) break;
    jobs.push(job);
    bytes += job.bytes;
  }
  writer.queuedBytes -= bytes;
  return jobs;
}

/**
 * Plans and writes jobs together. A job whose plan is refused fails alone; a failed read or write fails all of them.
 */
async function writeJobs(store: LogStore, jobs: readonly Job[]): Promise<void> {
  const writes: Write[] = [];
  const done: StagedJob[] = [];
  let staged: Staged = { state: store.state, batches: [] };
  for (const job of jobs) {
    try {
      const stagedJob = await job.stage(staged);
      const { planned } = stagedJob;
      staged = { state: planned.state, batches: [...staged.batches, ...planned.batches] };
      writes.push(...planned.writes);
      done.push(stagedJob);
    } catch (error) {
      if (!isWeftError(error) || isStorageFault(error)) throw error;
      job.reject(error);
    }
  }
  await writeAtomic({ database: store.database, writes, sync: true });
  const before = store.state;
  store.state = staged.state;
  const isOfThePast = staged.batches.some(({ log, first }) => first < logStateOf(before, log).next);
  if (isOfThePast || done.some(({ planned }) => planned.isPruning)) forgetSums(store.sums);
  for (const { resolve } of done) resolve();
  wakeTopics(
    store.watches,
    done.flatMap(({ planned }) => planned.wake),
  );
}
