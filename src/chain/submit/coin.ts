import { formatEther, parseEther } from "viem";
import { WeftError } from "../../errors.ts";

const SHOWN_DIGITS = 2;

/** Formats wei as an amount of the chain's coin (18 decimals), such as "0.05". */
export function formatCoin(wei: bigint): string {
  return formatEther(wei);
}

/** Formats wei as `formatCoin` does, but rounded up to two digits: an amount that an account should hold. */
export function formatAbout(wei: bigint): string {
  const unit = 10n ** BigInt(Math.max(0, wei.toString().length - SHOWN_DIGITS));
  return formatCoin(((wei + unit - 1n) / unit) * unit);
}

/** Parses an amount such as "0.05" into wei. Throws `bad-config`, with the name `what`, for any other text. */
export function parseCoin(params: { text: string; what: string }): bigint {
  const { text, what } = params;
  if (/^\d{1,20}(\.\d{1,18})?$/.test(text)) return parseEther(text);
  throw new WeftError({ code: "bad-config", message: `${what} is not an amount such as 0.05: ${text}` });
}
