import { WeftError } from "../errors.ts";
import { areDisappearingSeconds } from "../wire/disappearing.ts";
import type { GroupId } from "../wire/ids.ts";
import { MAX_DISAPPEARING_SECONDS } from "../wire/limits.ts";
import { intend } from "./changeMembers.ts";
import type { Client } from "./client.ts";
import type { IntentHandle } from "./group/intentHandle.ts";

/**
 * Lets all messages that are sealed from then on disappear after so many seconds, on each member's device by itself; 0:
 * they stay. Admins may. Throws `bad-config` for anything but whole seconds up to MAX_DISAPPEARING_SECONDS.
 */
export async function setDisappearing(params: {
  client: Client;
  group: GroupId;
  seconds: number;
}): Promise<IntentHandle> {
  const { seconds } = params;
  if (!areDisappearingSeconds(seconds)) {
    const message = `messages disappear after 1 to ${MAX_DISAPPEARING_SECONDS} s, or with 0 not at all, not after ${seconds}`;
    throw new WeftError({ code: "bad-config", message });
  }
  return await intend(params, { kind: "set-disappearing", seconds });
}
