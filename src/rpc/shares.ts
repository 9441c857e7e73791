import { WeftError } from "../errors.ts";
import type { OnRefusal } from "./rateLimit.ts";

/**
 * A bounded amount that keys share: a key may hold at most `perKey`, and no more than it leaves to the others. So there
 * is always room for the next key: one key holds half of all at most, two keys a third each.
 */
export type Shares = {
  /** Opens a share of a key, which holds nothing at first. */
  readonly open: (key: string) => Share;
  /** How much all keys hold. */
  readonly used: () => number;
};

/** What one holder has of a shared amount; its disposal gives it back. */
export type Share = Disposable & {
  /**
   * Changes how much is held. Throws `limit-exceeded`, and changes nothing, if there is not so much; less is always
   * fine.
   */
  readonly resize: (amount: number) => void;
};

/** When a refused caller is told to try again: by then, callers that stand still have been dropped. */
const RETRY_MS = 20_000;

/** Opens shares of `total`; `what` names them in errors. */
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
        throw new WeftError({ code: "limit-exceeded", message, retryAfterMs: RETRY_MS });
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
