import { WeftError } from "../errors.ts";
import type { OnRefusal } from "./rateLimit.ts";

/**
 * Something of which there is so much: one key takes at most `perKey` of it, and no more than it leaves. So a few who
 * take all they can leave room for whoever comes next: one takes half at most, two a third each.
 */
export type Shares = {
  /** Starts with nothing; disposing gives back what it holds. */
  readonly open: (key: string) => Share;
  readonly used: () => number;
};

export type Share = Disposable & {
  /** Throws `limit-exceeded`, and holds what it held. Less is always granted; after its end nothing is held. */
  readonly resize: (amount: number) => void;
};

/** When somebody who is refused may try again: by then those who don't go on have been dropped. */
const RETRY_MS = 20_000;

export function openShares(params: {
  perKey: number;
  total: number;
  what: string;
  onRefusal: OnRefusal;
}): Shares {
  const { perKey, total, what, onRefusal } = params;
  const byKey = new Map<string, number>();
  let used = 0;
  const open = (key: string): Share => {
    let held = 0;
    let isOver = false;
    const resize = (amount: number): void => {
      if (isOver) return;
      const more = amount - held;
      const ofKey = (byKey.get(key) ?? 0) + more;
      if (more > 0 && ofKey > Math.min(perKey, total - used)) {
        onRefusal(what);
        const whose = ofKey > perKey ? "from this address" : "at this node";
        const message = `too many ${what} ${whose}; wait ${RETRY_MS} ms`;
        throw new WeftError({ code: "limit-exceeded", message });
      }
      held = amount;
      used += more;
      if (ofKey === 0) byKey.delete(key);
      else byKey.set(key, ofKey);
    };
    const dispose = (): void => {
      resize(0);
      isOver = true;
    };
    return { resize, [Symbol.dispose]: dispose };
  };
  return { open, used: () => used };
}
