import { badScenario, openFields, takeOptionalName } from "./fields.ts";
import type { Step } from "./step.ts";
import { stepReaders } from "./steps.ts";

/** A file that has been read: every line is a step that can be played. */
export type Scenario = { name: string; steps: readonly Step[] };

/**
 * Reads a scenario file: one JSON object a line, empty lines are skipped.
 * Throws WeftError `bad-scenario` that names line and field.
 */
export function readScenario(params: { name: string; text: string; nodes: number }): Scenario {
  const { name, text, nodes } = params;
  const installations = new Map<string, number>();
  const steps = text.split(/\r?\n/).flatMap((source, index) => {
    if (source.trim() === "") return [];
    const where = `${name}, line ${index + 1}`;
    return [readStep({ value: parseLine({ where, source }), line: index + 1, where, nodes, installations })];
  });
  if (steps.length === 0) throw badScenario({ where: name, message: "has no steps" });
  checkGroups({ name, steps });
  checkInstallations({ name, steps });
  return { name, steps };
}

function parseLine(params: { where: string; source: string }): unknown {
  try {
    return JSON.parse(params.source);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw badScenario({ where: params.where, message: `not JSON (${message})` });
  }
}

function readStep(params: {
  value: unknown;
  line: number;
  where: string;
  nodes: number;
  installations: Map<string, number>;
}): Step {
  const { value, line, where, nodes, installations } = params;
  const fields = openFields({ where, value });
  const verb = fields.take("do");
  if (typeof verb !== "string") throw badScenario({ where, field: "do", message: "must name a step" });
  const read = stepReaders.get(verb);
  if (read === undefined) throw badScenario({ where, field: "do", message: describeUnknown(verb) });
  const fails = takeOptionalName(fields, "fails");
  const inner = (value: unknown, place: string) =>
    readStep({ ...params, value, where: `${where}, ${place}` });
  const { title, body } = read(fields, { nodes, installations, readStep: inner });
  const [unknown] = fields.left();
  if (unknown !== undefined)
    throw badScenario({ where, field: unknown, message: `unknown in step "${verb}"` });
  if (fails !== undefined && body.kind !== "act") {
    throw badScenario({ where, field: "fails", message: `step "${verb}" has no intent that could fail` });
  }
  return { line, do: verb, title, body, ...(fails === undefined ? {} : { fails }) };
}

function describeUnknown(verb: string): string {
  return `there is no step "${verb}"; the steps are ${[...stepReaders.keys()].join(", ")}`;
}

/** A group and a message have one name each in the whole file. */
function checkGroups(params: { name: string; steps: readonly Step[] }): void {
  const groups = new Set<string>();
  const messages = new Set<string>();
  for (const step of flatten(params.steps)) {
    if (step.body.kind !== "act") continue;
    const where = `${params.name}, line ${step.line}`;
    const { action, group, as } = step.body;
    const founds = action.kind === "found";
    if (founds && groups.has(group)) {
      throw badScenario({ where, field: "group", message: `group "${group}" is created twice` });
    }
    if (founds) groups.add(group);
    if (as !== undefined && messages.has(as)) {
      throw badScenario({ where, field: "as", message: `message "${as}" is named twice` });
    }
    if (as !== undefined) messages.add(as);
  }
}

/** A second installation acts after the step that makes it. */
function checkInstallations(params: { name: string; steps: readonly Step[] }): void {
  const installed = new Set<string>();
  for (const { line, body } of flatten(params.steps)) {
    if (body.kind === "together") continue;
    const unknown = body.clients.find((client) => client.includes("/") && !installed.has(client));
    if (unknown !== undefined) {
      const where = `${params.name}, line ${line}`;
      throw badScenario({ where, message: `no step before has installed "${unknown}"` });
    }
    if (body.kind === "move" && body.installs !== undefined) installed.add(body.installs);
  }
}

/** All steps in the order of the file, those of a `together` in its place. */
export function flatten(steps: readonly Step[]): Step[] {
  return steps.flatMap((step) => (step.body.kind === "together" ? flatten(step.body.steps) : [step]));
}
