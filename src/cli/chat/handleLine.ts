import pc from "picocolors";
import { isWeftError, WeftError } from "../../errors.ts";
import { findCommand } from "./commands/all.ts";
import { say } from "./say.ts";
import type { Session } from "./session.ts";

/** Does what a line says. What goes wrong is told, and the chat goes on. */
export async function handleLine(session: Session, line: string): Promise<void> {
  try {
    if (line.startsWith("/") && !line.startsWith("//")) await runCommand(session, line.slice(1));
    else if (line.trim() !== "") await say(session, line.startsWith("//") ? line.slice(1) : line);
  } catch (error) {
    if (!isWeftError(error) || error.code === "closed" || error.code === "internal") throw error;
    session.screen.print(`${pc.red("error")} ${error.message}\n${pc.dim(`hint  ${error.hint}`)}`);
  }
}

async function runCommand(session: Session, text: string): Promise<void> {
  const [, name = "", rest = ""] = /^(\S*)\s*(.*)$/s.exec(text.trimEnd()) ?? [];
  const command = findCommand(name.toLowerCase());
  if (command !== undefined) return await command.run(session, { words: splitWords(rest), rest });
  throw new WeftError({
    code: "bad-config",
    message: `there is no /${name}`,
    hint: "/help lists all commands; what starts with two slashes is said as it is, with one.",
  });
}

/** Words between spaces; in double quotes, spaces count as letters. */
function splitWords(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"|\S+/g)].map(([word, quoted]) => quoted ?? word);
}
