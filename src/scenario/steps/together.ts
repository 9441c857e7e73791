import { badScenario } from "../fields.ts";
import type { StepReader } from "../step.ts";

/** `{"do":"together","steps":[ … ]}`: all started at once. */
export const readTogether: StepReader = (fields, { readStep }) => {
  const steps = fields.take("steps");
  if (!Array.isArray(steps) || steps.length === 0) {
    throw badScenario({
      where: fields.where,
      field: "steps",
      message: "must be an array with at least one step",
    });
  }
  const inner = steps.map((value, index) => readStep(value, `step ${index + 1}`));
  return { title: `${inner.length} steps at once`, body: { kind: "together", steps: inner } };
};
