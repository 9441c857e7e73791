import type { Rate } from "../rpc/rateLimit.ts";

/** Bytes, or gas, that many share: they come back by `perSecond`, up to `burst`. */
export type FairPool = {
  /** Whether that much more is within the share of `key` now. */
  readonly fits: (params: { key: string; cost: number }) => boolean;
  readonly take: (params: { key: string; cost: number }) => void;
  /** Takes back what was taken and not used after all. */
  readonly giveBack: (params: { key: string; cost: number }) => void;
  /** How long it takes about until that much fits, if nobody takes more; infinite: it never does. */
  readonly waitMs: (params: { key: string; cost: number }) => number;
  /** What is in nobody's use now. */
  readonly left: () => number;
};

/** What comes back is handed out so often, to all who use something in equal parts. */
const REFILL_MS = 100;

/**
 * Nobody may have more in use than what is left for others: one alone gets half of the pool. What comes back is then for
 * those who have less than others: a flood by many holds them up for as long as their share takes to come back.
 */
export function openFairPool(params: Rate & { nowMs: () => number }): FairPool {
  const { perSecond, burst, nowMs } = params;
  const used = new Map<string, number>();
  let inUse = 0;
  let atMs = nowMs();
  const refill = (): void => {
    const now = nowMs();
    if (now - atMs < REFILL_MS) return;
    let left = ((now - atMs) / 1000) * perSecond;
    atMs = now;
    while (left >= 1 && used.size > 0) {
      const part = left / used.size;
      for (const [key, bytes] of used) {
        const back = Math.min(bytes, part);
        left -= back;
        inUse -= back;
        if (back < bytes) used.set(key, bytes - back);
        else used.delete(key);
      }
    }
    if (used.size === 0) inUse = 0;
  };
  const fits: FairPool["fits"] = ({ key, cost }) => {
    refill();
    return (used.get(key) ?? 0) + cost <= burst - inUse - cost;
  };
  const take: FairPool["take"] = ({ key, cost }) => {
    used.set(key, (used.get(key) ?? 0) + cost);
    inUse += cost;
  };
  const giveBack: FairPool["giveBack"] = ({ key, cost }) => {
    const held = used.get(key) ?? 0;
    const back = Math.min(held, cost);
    inUse -= back;
    if (back < held) used.set(key, held - back);
    else used.delete(key);
  };
  const waitMs: FairPool["waitMs"] = ({ key, cost }) => {
    if (2 * cost > burst) return Number.POSITIVE_INFINITY;
    refill();
    const tooMuch = (used.get(key) ?? 0) + cost - (burst - inUse - cost);
    const ownRate = used.has(key) ? perSecond / used.size : 0;
    return Math.ceil(Math.max(0, tooMuch / (perSecond + ownRate)) * 1000);
  };
  const left: FairPool["left"] = () => {
    refill();
    return burst - inUse;
  };
  return { fits, take, giveBack, waitMs, left };
}
