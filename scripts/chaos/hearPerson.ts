import type { Word } from "./acts.ts";
import { count, noteAcknowledged, noteSaid, noteShown } from "./ledger.ts";
import type { World } from "./world.ts";

/** Takes down what a client's process tells of itself. */
export function hearPerson(params: {
  world: World;
  name: string;
  word: Exclude<Word, { kind: "answer" }>;
}): void {
  const { world, name, word } = params;
  const { ledger, failures, logged } = world;
  const atMs = performance.now();
  switch (word.kind) {
    case "said":
      noteSaid(ledger, { id: word.id, group: word.group, intent: word.intent, by: name, atMs });
      break;
    case "acknowledged":
      noteAcknowledged(ledger, word.intent);
      break;
    case "shown":
      for (const id of word.ids) noteShown(ledger, { id, to: name, atMs });
      break;
    case "settled":
      count(ledger.outcomes, word.outcome);
      break;
    case "refused":
      count(ledger.refused, word.code);
      break;
    case "logged":
      count(
        logged,
        `${word.level}: ${word.message}${word.about === "" ? "" : ` (${word.about.slice(0, 120)})`}`,
      );
      break;
    case "fault":
      failures.push(`${name}: ${word.what}`);
  }
}
