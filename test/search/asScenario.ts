import type { History, Step } from "./history.ts";

type Line = Readonly<Record<string, unknown>>;
/** What has been said, and what ends the faults in force, each after so many further steps. */
type Course = { readonly texts: string[]; readonly ends: { line: Line; in: number }[] };

const actors = ["alice", "bob", "dave"];
const people = ["alice", "bob", "carol", "dave"];
const roles = ["superAdmin", "admin", "member"];
/** Steps that a fault lasts. */
const FAULT_STEPS = 2;
const group = "g";

/**
 * The same history as a scenario file, for the real parts: what it has no words for (hostile members, failing disks)
 * is left out.
 */
export function asScenario({ steps }: History): string {
  const course: Course = { texts: [], ends: [] };
  const lines: Line[] = [
    { do: "create", by: "alice", group, members: ["bob", "carol"] },
    { do: "role", by: "alice", group, member: "bob", role: "superAdmin" },
  ];
  for (const step of steps) {
    lines.push(...linesOf(step, course));
    for (const end of course.ends) end.in--;
    lines.push(...due(course));
  }
  for (const end of course.ends) end.in = 0;
  lines.push(...due(course), { do: "settle" });
  return lines.map((line) => JSON.stringify(line)).join("\n");
}

function due({ ends }: Course): Line[] {
  const over = ends.filter((end) => end.in <= 0);
  for (const end of over) ends.splice(ends.indexOf(end), 1);
  return over.map(({ line }) => line);
}

function linesOf(step: Step, course: Course): Line[] {
  const { kind, who, whom } = step;
  const { texts } = course;
  const by = actors[who % actors.length] ?? "alice";
  const member = people[whom % people.length] ?? "alice";
  const node = 1 + (whom % 3);
  const message = texts[whom % Math.max(1, texts.length)];
  switch (kind) {
    case "send": {
      const as = `m${texts.length}`;
      texts.push(as);
      return [{ do: "send", by, group, text: as, as }];
    }
    case "reply": {
      const as = `m${texts.length}`;
      texts.push(as);
      return message ? [{ do: "reply", by, group, message, text: as, as }] : [];
    }
    case "edit":
      return message ? [{ do: "edit", by, group, message, text: `edited ${who}` }] : [];
    case "react":
      return message
        ? [{ do: "react", by, group, message, text: "+-"[who % 2], takeBack: who % 3 === 0 }]
        : [];
    case "delete-own":
    case "delete-other":
      return message ? [{ do: "delete", by, group, message }] : [];
    case "rename":
      return [{ do: "rename", by, group, name: `name ${whom}` }];
    case "rotate":
    case "leave":
      return [{ do: kind, by, group }];
    case "add":
    case "remove":
      return [{ do: kind, by, group, members: [member] }];
    case "role":
      return [{ do: "role", by, group, member, role: roles[whom % 3] }];
    case "prefer":
      return [{ do: "prefer", by, group, node }];
    case "reorg":
      return [{ do: "chain", op: "reorg", depth: 1 + (whom % 4) }];
    case "crash":
      return [{ do: "crash", client: by }];
    case "standstill":
      return fault(course, { do: "chain", op: "pause" }, { do: "chain", op: "resume" });
    case "away":
      return fault(course, { do: "offline", client: by }, { do: "online", client: by });
    case "node-down":
      return fault(course, { do: "stopNode", node }, { do: "startNode", node });
    case "split":
      return fault(course, { do: "partition", nodes: [[1, 2], [3]] }, { do: "heal" });
    case "revoke":
    case "disk-fault":
    case "junk-entry":
    case "post-again":
    case "old-member-posts":
    case "collude":
    case "clock":
    case "old-member-asks":
    case "truth":
    case "eclipse":
    case "lie-registry":
    case "lie-order":
    case "lie-existence":
    case "lie-completeness":
    case "lie-nodes":
    case "lie-topics":
    case "lie-answers":
      return [];
  }
}

/** One of a kind at a time. */
function fault({ ends }: Course, line: Line, end: Line): Line[] {
  if (ends.some((one) => one.line.do === end.do && one.line.op === end.op)) return [];
  ends.push({ line: end, in: FAULT_STEPS });
  return [line];
}
