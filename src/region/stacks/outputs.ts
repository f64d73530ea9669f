/** Outputs of a stack, and the exports among them. */
import { refresh } from './desired.ts';
import { exportsOf, importersOf, type OutputRecord } from './records.ts';
import { references } from './references.ts';
import { type Resolved, resolve, Unknown } from './resolve.ts';
import { currentPlan, type Run, stackOf } from './run.ts';
import { scalarText, TemplateFault, type Value } from './template.ts';

/** The outputs as the resources now give them, with the names of the exports used. Throws what fails the operation. */
export async function stackOutputs(run: Run): Promise<{ outputs: OutputRecord[]; imports: string[] }> {
  const plan = currentPlan(run);
  const { template, conditions } = plan;
  const outputs: OutputRecord[] = [];
  for (const [key, output] of Object.entries(template.outputs)) {
    if (output.Condition !== undefined && !conditions[output.Condition]) continue;
    const path = ['Outputs', key];
    const taken = (condition: string) => conditions[condition];
    for (const { name, attribute } of references(output.Value, path, taken)) {
      if (attribute !== undefined) await refresh(run, name);
    }
    const value = outputText(resolve(output.Value, plan.live, [...path, 'Value']), path);
    if (value === undefined) continue;
    const exportName =
      output.Export === undefined ? undefined : outputText(resolve(output.Export, plan.live, path), path);
    outputs.push({ key, value, description: output.Description, exportName });
  }
  checkExports(run, outputs);
  return { outputs, imports: importNames(run) };
}

function outputText(value: Resolved | undefined, path: readonly string[]): string | undefined {
  if (value === undefined) return undefined;
  const text = value instanceof Unknown ? undefined : scalarText(value as Value);
  if (text !== undefined) return text;
  throw new TemplateFault(
    'Template format error: The Value field of every Outputs member must evaluate to a String.',
    path,
  );
}

function checkExports(run: Run, outputs: readonly OutputRecord[]): void {
  const stack = stackOf(run);
  const others = exportsOf(run.host).filter((one) => one.stack.id !== stack.id);
  for (const { exportName } of outputs) {
    const owner = others.find(({ name }) => name === exportName)?.stack.name;
    if (owner !== undefined) {
      throw new TemplateFault(
        `Export with name ${exportName} is already exported by stack ${owner}. Rollback requested by user.`,
      );
    }
  }
  for (const { exportName, value } of stack.outputs) {
    if (exportName === undefined) continue;
    const users = importersOf(run.host, exportName);
    if (users.length === 0) continue;
    const now = outputs.find((output) => output.exportName === exportName);
    if (!now)
      throw new TemplateFault(`Export ${exportName} cannot be deleted as it is in use by ${users.join(' and ')}`);
    if (now.value !== value) {
      throw new TemplateFault(`Export ${exportName} cannot be updated as it is in use by ${users.join(' and ')}`);
    }
  }
}

/** The exports that the stack uses, by resolving all that it has with an ear at `Fn::ImportValue`. */
function importNames(run: Run): string[] {
  const plan = currentPlan(run);
  const names = new Set<string>();
  const listening = {
    ...plan.live,
    exported(name: string) {
      names.add(name);
      return plan.live.exported(name);
    },
  };
  for (const [id, resource] of Object.entries(plan.resources))
    resolve(resource.Properties, listening, ['Resources', id]);
  for (const [key, output] of Object.entries(plan.template.outputs)) {
    if (output.Condition === undefined || plan.conditions[output.Condition])
      resolve(output.Value, listening, ['Outputs', key]);
  }
  return [...names];
}
