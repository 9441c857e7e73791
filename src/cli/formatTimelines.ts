import pc from "picocolors";
import type { Timeline, TimelineLine } from "../scenario/timelines.ts";

/** Each member's conversation, epoch by epoch. */
export function formatTimelines(timelines: readonly Timeline[]): string {
  return timelines.map(formatTimeline).join("\n\n");
}

function formatTimeline(timeline: Timeline): string {
  const { client, name, epoch, isMember, isOnline, lines } = timeline;
  const standing = [
    isMember ? `epoch ${epoch}` : `out after epoch ${epoch}`,
    ...(isOnline ? [] : ["offline"]),
  ];
  const title = `${pc.bold(client)} in "${name}" ${pc.dim(`(${standing.join(", ")})`)}`;
  const body = lines.map((line, index) => {
    const isNew = line.epoch !== lines[index - 1]?.epoch;
    return `${pc.dim((isNew ? `epoch ${line.epoch}` : "").padStart(10))}  ${formatLine(line)}`;
  });
  return [title, ...body].join("\n");
}

function formatLine(line: TimelineLine): string {
  switch (line.kind) {
    case "message":
      return `${pc.cyan(line.author)}: ${line.text}`;
    case "withheld":
      return pc.dim(`${line.author}: (${line.state})`);
    case "change":
      return pc.dim(`· ${line.author} ${line.words}`);
    case "opening":
      return pc.dim(`· ${line.words}`);
    case "gap":
      return pc.yellow(`a message is missing (${line.reason})`);
  }
}
