import { removeMembers } from "../../index.ts";
import { readMembership } from "../readMembership.ts";
import type { StepReader } from "../step.ts";

/** `{"do":"remove","by":"alice","group":"g","members":["bob"]}` */
export const readRemove: StepReader = (fields) =>
  readMembership({ fields, verb: "removes", invites: false, change: removeMembers });
