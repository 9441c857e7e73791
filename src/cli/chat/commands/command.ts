import { WeftError } from "../../../errors.ts";
import type { ConversationId, GroupId } from "../../../index.ts";
import { currentIn, type Session } from "../session.ts";

/** What can be typed after a slash. */
export type ChatCommand = {
  readonly usage: string;
  readonly about: string;
  /** `words`: what follows, quoted words as one; `rest`: the same as it was typed. */
  readonly run: (session: Session, given: { words: readonly string[]; rest: string }) => Promise<void> | void;
};

/** The group that is talked to, of a direct conversation one. Throws `unknown-group` if there is none. */
export function currentGroup(session: Session): GroupId {
  const conversation = currentConversation(session);
  return currentIn(session)?.group ?? (conversation as GroupId);
}

/** The conversation that is talked in. Throws `unknown-group` if there is none. */
export function currentConversation(session: Session): ConversationId {
  if (session.current !== undefined) return session.current;
  throw new WeftError({
    code: "unknown-group",
    message: "you are in no group yet",
    hint: "/new <name> <member…> founds one; /groups lists those that you are in.",
  });
}

/** Throws `bad-config` that shows how the command is used. */
export function badUsage(command: ChatCommand): never {
  throw new WeftError({
    code: "bad-config",
    message: "that needs more words, or fewer",
    hint: command.usage,
  });
}
