import { formatEther, parseEther } from "viem";
import { WeftError } from "../../errors.ts";

const SHOWN_DIGITS = 2;

/** An amount of the chain's coin (18 decimals) as one would write it: "0.05". */
export function formatCoin(wei: bigint): string {
  return formatEther(wei);
}

/** The same, rounded up to two digits, for an amount that somebody should have ready. */
export function formatAbout(wei: bigint): string {
  const unit = 10n ** BigInt(Math.max(0, wei.toString().length - SHOWN_DIGITS));
  return formatCoin(((wei + unit - 1n) / unit) * unit);
}

/** The reverse of `formatCoin`; `bad-config` for anything but a plain decimal number. */
export function parseCoin(params: { text: string; what: string }): bigint {
  const { text, what } = params;
  if (/^\d{1,20}(\.\d{1,18})?$/.test(text)) return parseEther(text);
  throw new WeftError({ code: "bad-config", message: `${what} is not an amount such as 0.05: ${text}` });
}
