import { WeftError } from "../../errors.ts";
import { type Client, type GroupSummary, listGroups } from "../../index.ts";

/** The group of this name, or whose id starts so. Throws `unknown-group`, also if there are several. */
export function findGroup(params: { client: Client; text: string }): GroupSummary {
  const { client, text } = params;
  const groups = listGroups({ client });
  const lower = text.toLowerCase();
  const isCalled = ({ name }: GroupSummary) => name.toLowerCase() === lower;
  const isInside = ({ membership }: GroupSummary) => membership !== "removed";
  const startsSo = ({ group }: GroupSummary) => lower.length > 2 && group.startsWith(lower);
  const candidates = [groups.filter((one) => isCalled(one) && isInside(one)), groups.filter(isCalled)];
  const found = [...candidates, groups.filter(startsSo)].find(({ length }) => length > 0) ?? [];
  const [first, ...others] = found;
  if (first && others.length === 0) return first;
  if (first) {
    const hint = `Say which, by the beginning of its id: ${found.map(({ group }) => group.slice(0, 10)).join(", ")}.`;
    throw new WeftError({ code: "unknown-group", message: `several groups are called ${text}`, hint });
  }
  const names = groups.map(({ name }) => name).join(", ");
  const hint = names === "" ? "There are no groups yet: found one, or be invited." : `There are: ${names}.`;
  throw new WeftError({ code: "unknown-group", message: `no group is called ${text}`, hint });
}
