import { addMembers } from "../../index.ts";
import { readMembership } from "../readMembership.ts";
import type { StepReader } from "../step.ts";

/** `{"do":"add","by":"alice","group":"g","members":["dave"]}` */
export const readAdd: StepReader = (fields) =>
  readMembership({ fields, verb: "adds", invites: true, change: addMembers });
