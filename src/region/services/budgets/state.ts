/** Budgets, of the whole account. */
import type { Budget, NotificationWithSubscribers } from '@aws-sdk/client-budgets';
import type { Scope } from '../service.ts';

export interface BudgetRecord {
  readonly budget: Budget;
  readonly notifications: readonly NotificationWithSubscribers[];
  readonly updatedMs: number;
}

/** By name. */
export const budgetRecords = (scope: Scope) => scope.globalTable<BudgetRecord>('budgets/budgets');
