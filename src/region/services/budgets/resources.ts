/** `AWS::Budgets::Budget`. */
import { type ResourceRequest, resourceType } from '../../stacks/resource-type.ts';
import { unlessGone } from '../../stacks/unless-gone.ts';
import { Fault } from '../../wire/fault.ts';

interface BudgetProperties {
  readonly Budget: {
    readonly BudgetName?: string;
    readonly BudgetType: string;
    readonly TimeUnit: string;
    readonly BudgetLimit?: { readonly Amount: number | string; readonly Unit: string };
  };
  readonly NotificationsWithSubscribers?: readonly {
    readonly Notification: {
      readonly ComparisonOperator: string;
      readonly NotificationType: string;
      readonly Threshold: number | string;
      readonly ThresholdType?: string;
    };
    readonly Subscribers: readonly { readonly Address: string; readonly SubscriptionType: string }[];
  }[];
}

function budgetOf({ properties }: Pick<ResourceRequest<BudgetProperties>, 'properties'>, BudgetName: string) {
  const { BudgetType, TimeUnit, BudgetLimit } = properties.Budget;
  const limit = BudgetLimit && { Amount: String(BudgetLimit.Amount), Unit: BudgetLimit.Unit };
  return { BudgetName, BudgetType, TimeUnit, BudgetLimit: limit };
}

export const budgetType = resourceType<BudgetProperties>({
  honours: [
    'Budget.BudgetName',
    'Budget.BudgetType',
    'Budget.TimeUnit',
    'Budget.BudgetLimit.Amount',
    'Budget.BudgetLimit.Unit',
    'NotificationsWithSubscribers',
  ],
  async create(request) {
    const { properties, stack, invoke } = request;
    const name = properties.Budget.BudgetName ?? request.name(100);
    const NotificationsWithSubscribers = (properties.NotificationsWithSubscribers ?? []).map((one) => ({
      Notification: { ...one.Notification, Threshold: Number(one.Notification.Threshold) },
      Subscribers: one.Subscribers,
    }));
    try {
      const Budget = budgetOf(request, name);
      await invoke('budgets', 'CreateBudget', { AccountId: stack.account, Budget, NotificationsWithSubscribers });
    } catch (error) {
      const taken = error instanceof Fault && error.code === 'DuplicateRecordException';
      if (!taken || properties.Budget.BudgetName !== undefined) throw error;
    }
    return { physicalId: name, attributes: {} };
  },
  async update(request) {
    const { physicalId, stack, invoke } = request;
    const NewBudget = budgetOf(request, physicalId);
    await invoke('budgets', 'UpdateBudget', { AccountId: stack.account, NewBudget });
    return { physicalId, attributes: {} };
  },
  // Notifications are given when the budget is made.
  replaces: (before, after) =>
    JSON.stringify(before.NotificationsWithSubscribers) !== JSON.stringify(after.NotificationsWithSubscribers),
  async delete({ physicalId, stack, invoke }) {
    await unlessGone(['NotFoundException'], () =>
      invoke('budgets', 'DeleteBudget', { AccountId: stack.account, BudgetName: physicalId }),
    );
  },
});
