import { WeftError } from "../../errors.ts";
import { type GroupSummary, listGroups } from "../../index.ts";
import type { Account } from "./openAccount.ts";

type Named = Pick<Account, "client" | "names">;

/**
 * The conversation of this name, or whose id starts so; a direct one is called as the other is. Throws `unknown-group`,
 * also if there are several.
 */
export function findGroup(params: Named & { text: string }): GroupSummary {
  const { text } = params;
  const groups = oneOfEach(listGroups(params));
  const lower = text.toLowerCase();
  const isCalled = (one: GroupSummary) => titleOf(params, one).toLowerCase() === lower;
  const isInside = ({ membership }: GroupSummary) => membership !== "removed";
  const startsSo = ({ group, conversation }: GroupSummary) =>
    lower.length > 2 && (conversation.startsWith(lower) || group.startsWith(lower));
  const candidates = [groups.filter((one) => isCalled(one) && isInside(one)), groups.filter(isCalled)];
  const found = [...candidates, groups.filter(startsSo)].find(({ length }) => length > 0) ?? [];
  const [first, ...others] = found;
  if (first && others.length === 0) return first;
  if (first) {
    const hint = `Say which, by the beginning of its id: ${found.map(({ conversation }) => conversation.slice(0, 10)).join(", ")}.`;
    throw new WeftError({ code: "unknown-group", message: `several groups are called ${text}`, hint });
  }
  const names = groups.map((one) => titleOf(params, one)).join(", ");
  const hint = names === "" ? "There are no groups yet: found one, or be invited." : `There are: ${names}.`;
  throw new WeftError({ code: "unknown-group", message: `no group is called ${text}`, hint });
}

/** What a conversation is called: a direct one as the other is. */
export function titleOf({ names }: Pick<Named, "names">, one: Pick<GroupSummary, "name" | "other">): string {
  return one.other === undefined ? one.name : names.nameOf(one.other);
}

/** One group of each conversation: of a direct one, one that this client is in. */
function oneOfEach(groups: readonly GroupSummary[]): GroupSummary[] {
  const shown = groups.filter(({ kind }) => kind !== "own");
  return [...Map.groupBy(shown, ({ conversation }) => conversation).values()].flatMap(
    (some) => some.find(({ membership }) => membership === "member") ?? some[0] ?? [],
  );
}
