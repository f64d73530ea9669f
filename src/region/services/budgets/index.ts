/**
 * Budgets: limits and whom to tell, stored and shown. What the model would cost is not counted against them.
 */
import { service } from '../service.ts';
import * as budget from './budget.ts';
import { budgetType } from './resources.ts';

const operations = Object.fromEntries(
  Object.entries(budget).map(([name, handle]) => [
    name,
    { handle, access: budgetAccess(/^(describe)/.test(name) ? 'ViewBudget' : 'ModifyBudget') },
  ]),
);

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbudgetservice.html */
function budgetAccess(action: string) {
  return (input: { BudgetName?: string; Budget?: { BudgetName?: string } }, call: { account: string }) => ({
    action: `budgets:${action}`,
    resource: `arn:aws:budgets::${call.account}:budget/${input.BudgetName ?? input.Budget?.BudgetName ?? '*'}`,
  });
}

export const budgets = service('@aws-sdk/client-budgets', 'budgets', {
  deniedCode: 'AccessDeniedException',
  operations,
  resources: { 'AWS::Budgets::Budget': budgetType },
});
