import type { GroupId } from "../../wire/ids.ts";
import type { FeedPlan } from "./feedPlan.ts";

/**
 * How many groups, mirrored ones included, one feed reads at most: below what nodes take in a call, by count and, with
 * all cursors, by bytes.
 */
const MAX_PER_FEED = 512;
/**
 * The smallest feed is begun anew with what is new if it then reads no more than this: so the number of feeds stays
 * small.
 */
const SMALL_FEED = 256;

/** A part of a plan that is read as a whole; a part that is begun anew has another key. */
type Item = {
  readonly key: string;
  readonly kind: "own" | "group" | "mirrored";
  readonly group: GroupId | undefined;
};

/** What a running feed reads, by the keys of its items. */
export type AssignedFeed = { readonly keys: ReadonlySet<string>; readonly plan: FeedPlan };

export type Assignment<Feed> = {
  readonly ended: readonly Feed[];
  readonly started: readonly AssignedFeed[];
};

/**
 * Spreads what one node is to serve over feeds. Feeds that need not change stay as they are: a client with many groups
 * reads few of them anew when one comes or goes. Pure.
 */
export function assignFeeds<Feed extends AssignedFeed>(params: {
  plan: FeedPlan;
  feeds: readonly Feed[];
  /** Names a group as it is read at present; a group that is read anew has another key. */
  keyOf: (group: GroupId) => string;
  sizes?: { readonly most: number; readonly small: number };
}): Assignment<Feed> {
  const { plan, feeds, keyOf, sizes = { most: MAX_PER_FEED, small: SMALL_FEED } } = params;
  const wanted = new Map(itemsOf(plan, keyOf).map((item) => [item.key, item]));
  const ended = feeds.filter(({ keys }) => ![...keys].every((key) => wanted.has(key)));
  const kept = feeds.filter((feed) => !ended.includes(feed));
  for (const { keys } of kept) for (const key of keys) wanted.delete(key);
  const smallest = kept.toSorted((a, b) => a.keys.size - b.keys.size)[0];
  if (wanted.size > 0 && smallest && smallest.keys.size + wanted.size <= sizes.small) {
    ended.push(smallest);
    for (const item of itemsOf(smallest.plan, keyOf)) wanted.set(item.key, item);
  }
  const items = [...wanted.values()];
  const started = Array.from({ length: Math.ceil(items.length / sizes.most) }, (_, i) =>
    feedOf(items.slice(i * sizes.most, (i + 1) * sizes.most)),
  );
  return { ended, started };
}

function itemsOf({ own, groups, mirrored }: FeedPlan, keyOf: (group: GroupId) => string): Item[] {
  return [
    ...(own ? [{ key: "own", kind: "own", group: undefined } as const] : []),
    ...groups.map((group) => ({ key: keyOf(group), kind: "group", group }) as const),
    ...mirrored.map((group) => ({ key: `mirrored ${keyOf(group)}`, kind: "mirrored", group }) as const),
  ];
}

function feedOf(items: readonly Item[]): AssignedFeed {
  const of = (kind: Item["kind"]) => items.flatMap((item) => (item.kind === kind ? (item.group ?? []) : []));
  const own = items.some(({ kind }) => kind === "own");
  return {
    keys: new Set(items.map(({ key }) => key)),
    plan: { own, groups: of("group"), mirrored: of("mirrored") },
  };
}
