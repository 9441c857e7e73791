import type { ErrorCode } from "../../errors.ts";
import type { Address } from "../../wire/ids.ts";

/** The operators whose nodes have refused something, each with its latest code and how often it has refused. */
export type Refusals = readonly {
  readonly operator: Address;
  readonly code: ErrorCode;
  readonly times: number;
}[];

/** The number of operators that have to say the same before that ends anything, if the network has so many. */
const AGREEING_OPERATORS = 2;

export function withRefusal(
  refusals: Refusals,
  refusal: { readonly operator: Address; readonly code: ErrorCode },
): Refusals {
  const before = refusals.find(({ operator }) => operator === refusal.operator);
  const others = refusals.filter((one) => one !== before);
  return [...others, { ...refusal, times: (before?.times ?? 0) + 1 }];
}

/** True if two operators say so, or the only operator of the network does. */
export function isAgreed(params: { refusals: Refusals; code: ErrorCode; operators: number }): boolean {
  const { refusals, code, operators } = params;
  const same = new Set(refusals.filter((one) => one.code === code).map(({ operator }) => operator));
  return same.size >= Math.max(1, Math.min(AGREEING_OPERATORS, operators));
}
