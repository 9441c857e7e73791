import { steadyMs } from "../clock/steadyMs.ts";
import { WeftError } from "../errors.ts";
import { createTokenBuckets, type Rate } from "../rpc/rateLimit.ts";
import { type Envelope, envelopeCost } from "../wire/envelope.ts";
import { MAX_HISTORY_BYTES } from "../wire/limits.ts";
import { isHistory, isOfStrangers, isWelcomeBucket, parseTopic } from "../wire/topic.ts";
import { openFairPool } from "./fairPool.ts";
import type { NodeSettings } from "./settings/nodeSettings.ts";

/** Rates of bytes that go to the node's own log, and so to the disks of all nodes. */
export type PublishRates = {
  /** Members' messages: those of one address, and those of all together. */
  readonly messages: Shares;
  /** Kinds that strangers may publish, too: Welcomes, group infos, key packages. */
  readonly strangers: Shares;
};

type Shares = { readonly each: Rate; readonly all: Rate };

/** What one address, and all together, may publish: less than other nodes take of this one in a minute. */
export type PublishShares = {
  /** Says why an envelope has no room now, and when it will have some; undefined: it has. */
  readonly refusal: (params: { caller: string; envelope: Envelope }) => WeftError | undefined;
  /** Takes the room. Call it in the same turn in which the envelope was not refused. */
  readonly take: (params: { caller: string; envelope: Envelope }) => void;
};

type Limit = {
  readonly key: string;
  readonly what: string;
  readonly fits: (params: { key: string; cost: number }) => boolean;
  readonly take: (params: { key: string; cost: number }) => void;
  readonly waitMs: (params: { key: string; cost: number }) => number;
};

/**
 * What may come into one bucket of Welcomes: about 500 at once, as for somebody who comes into many groups with a new
 * device, and then one in four seconds. Whoever reads the bucket looks at all of them.
 */
const BUCKET_RATE: Rate = { perSecond: 512, burst: 1_000_000 };
/** Histories of one address: a whole archive at once, and then 43 MB a day. */
const HISTORY_RATE: Rate = { perSecond: 500, burst: 20_000_000 };
/** Histories of all addresses together: 700 MB a day, which nodes keep for a week. */
const ALL_HISTORY_RATE: Rate = { perSecond: 8_000, burst: 40_000_000 };
/** What is sent on one topic: an archive, with what frames it. */
const ARCHIVE_RATE: Rate = { perSecond: 28, burst: MAX_HISTORY_BYTES + MAX_HISTORY_BYTES / 16 };
/** Key packages of one installation: 90 at once, and then two a minute. */
const KEY_PACKAGE_RATE: Rate = { perSecond: 100, burst: 256_000 };

export function openPublishShares(params: { rates: PublishRates; nowMs?: () => number }): PublishShares {
  const { rates, nowMs = steadyMs } = params;
  const shared = (rate: Rate) => openFairPool({ ...rate, nowMs });
  const own = (rate: Rate) =>
    createTokenBuckets({ ...rate, what: "bytes", nowMs, onRefusal: () => undefined });
  const messages = { each: own(rates.messages.each), all: shared(rates.messages.all) };
  const strangers = { each: own(rates.strangers.each), all: shared(rates.strangers.all) };
  const histories = { each: own(HISTORY_RATE), all: shared(ALL_HISTORY_RATE), archive: own(ARCHIVE_RATE) };
  const keyPackages = own(KEY_PACKAGE_RATE);
  const buckets = new Map<string, ReturnType<typeof shared>>();

  const limitsOf = ({ caller, envelope: { topic } }: { caller: string; envelope: Envelope }): Limit[] => {
    const { each, all } = isHistory(topic) ? histories : isOfStrangers(topic) ? strangers : messages;
    const common = [
      { ...each, key: caller, what: "This address has published much lately" },
      { ...all, key: caller, what: "All addresses together have published much lately" },
    ];
    const { kind, id } = parseTopic(topic);
    if (kind === "key-package")
      return [
        ...common,
        { ...keyPackages, key: id, what: "This installation has published many key packages lately" },
      ];
    if (kind === "history")
      return [...common, { ...histories.archive, key: id, what: "This history is as long as one may be" }];
    // A Welcome outside of every bucket is refused for that later.
    if (!isWelcomeBucket(topic)) return common;
    const bucket = buckets.get(id) ?? shared(BUCKET_RATE);
    buckets.set(id, bucket);
    return [...common, { ...bucket, key: caller, what: "Much has come into this bucket of Welcomes lately" }];
  };
  return {
    refusal: (of) => {
      const cost = envelopeCost(of.envelope);
      const full = limitsOf(of).find(({ fits, key }) => !fits({ key, cost }));
      if (full === undefined) return undefined;
      const hint = `${full.what}: wait and try again, or use another node.`;
      const waitMs = full.waitMs({ key: full.key, cost });
      const retryAfterMs = Number.isFinite(waitMs) ? waitMs : undefined;
      return new WeftError({ code: "limit-exceeded", message: full.what, hint, retryAfterMs });
    },
    take: (of) => {
      const cost = envelopeCost(of.envelope);
      for (const { take, key } of limitsOf(of)) take({ key, cost });
    },
  };
}

export function publishRatesOf(settings: NodeSettings): PublishRates {
  return {
    messages: {
      each: { perSecond: settings.messageBytesPerSecond, burst: settings.messageBytesBurst },
      all: { perSecond: settings.allMessageBytesPerSecond, burst: settings.allMessageBytesBurst },
    },
    strangers: {
      each: { perSecond: settings.strangerBytesPerSecond, burst: settings.strangerBytesBurst },
      all: { perSecond: settings.allStrangerBytesPerSecond, burst: settings.allStrangerBytesBurst },
    },
  };
}
