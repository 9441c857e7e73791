import type { Rate } from "../rpc/rateLimit.ts";

/** Bytes, or gas, that many share: what was taken comes back by `perSecond`, up to `burst`. */
export type FairPool = {
  /** True if that much more is within the share of `key` now. */
  readonly fits: (params: { key: string; cost: number }) => boolean;
  readonly take: (params: { key: string; cost: number }) => void;
  /** Takes back what was taken and not used after all. */
  readonly giveBack: (params: { key: string; cost: number }) => void;
  /** About how many milliseconds until that much fits, if nobody takes more; infinite: it never fits. */
  readonly waitMs: (params: { key: string; cost: number }) => number;
  /** What nobody uses now. */
  readonly left: () => number;
};

/** How often what comes back is handed out, in equal parts to all who use something. */
const REFILL_MS = 100;

/**
 * Opens a pool in which nobody may use more than is left for others: a caller alone gets half of it. What comes back is
 * handed out equally, so a flood by many holds up the others only for as long as their share takes to come back.
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
