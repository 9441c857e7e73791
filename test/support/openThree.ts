import { openTestGroup } from "./openTestGroup.ts";

/** A group that alice made of herself, bob and carol. */
export async function openThree(params: Omit<Parameters<typeof openTestGroup>[0], "names">) {
  const opened = await openTestGroup({ ...params, names: ["alice", "bob", "carol"] });
  const [alice, bob, carol] = opened.members;
  if (!alice || !bob || !carol) throw new Error("three were asked for");
  return { ...opened, alice, bob, carol, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
}
