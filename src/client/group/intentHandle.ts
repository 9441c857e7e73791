import type { WeftError } from "../../errors.ts";
import type { IntentOutcome } from "../../reconciler/records/intent.ts";
import type { Hex } from "../../wire/ids.ts";

/** What the app holds of an intent. The promises reject with `closed` if the client is closed before. */
export type IntentHandle = {
  readonly id: Hex;
  /**
   * For a send: the first receipt. Otherwise: this client has read its entry and the Welcomes are acknowledged.
   * A failure settles it, too.
   */
  readonly acknowledged: Promise<IntentOutcome>;
  readonly settled: Promise<IntentOutcome>;
};

export type IntentWaiter = {
  readonly handle: IntentHandle;
  readonly acknowledge: (outcome: IntentOutcome) => void;
  readonly settle: (outcome: IntentOutcome) => void;
  readonly close: (error: WeftError) => void;
};
