/** Budgets and their notifications. */
import type {
  Budget,
  CreateBudgetRequest,
  DeleteBudgetRequest,
  DescribeBudgetRequest,
  DescribeBudgetsRequest,
  DescribeNotificationsForBudgetRequest,
  DescribeSubscribersForNotificationRequest,
  Notification,
  UpdateBudgetRequest,
} from '@aws-sdk/client-budgets';
import { Fault } from '../../wire/fault.ts';
import { pageAt } from '../paging.ts';
import type { Call } from '../service.ts';
import { type BudgetRecord, budgetRecords } from './state.ts';

const invalid = (message: string) => new Fault('InvalidParameterException', message);
const mostNotifications = 10;
const mostSubscribers = 11;

function checkAccount(call: Call, id: string | undefined): void {
  if (id !== call.account) throw new Fault('AccessDeniedException', `Account ${id ?? ''} is not accessible`);
}

function checkBudget(given: Budget | undefined): Budget {
  const { BudgetName = '', BudgetType, TimeUnit, BudgetLimit } = given ?? {};
  if (!given || !/^[^:\\]{1,100}$/.test(BudgetName)) throw invalid('The budget name is invalid');
  if (BudgetType !== 'COST') throw invalid(`A budget of the type ${BudgetType} is not modelled by Orrery`);
  if (!TimeUnit || !['DAILY', 'MONTHLY', 'QUARTERLY', 'ANNUALLY'].includes(TimeUnit))
    throw invalid(`Invalid TimeUnit: ${TimeUnit}`);
  if (!BudgetLimit || !(Number(BudgetLimit.Amount) > 0) || BudgetLimit.Unit !== 'USD') {
    throw invalid('The budget limit must be an amount above 0 in USD');
  }
  const known = ['BudgetName', 'BudgetType', 'TimeUnit', 'BudgetLimit', 'TimePeriod'];
  const other = Object.entries(given).find(([name, value]) => value !== undefined && !known.includes(name));
  if (other) throw invalid(`${other[0]} is not modelled by Orrery`);
  return { ...given, BudgetLimit: { Amount: String(BudgetLimit.Amount), Unit: 'USD' } };
}

function needBudget(call: Call, name: string | undefined): BudgetRecord {
  const record = budgetRecords(call).get(name ?? '');
  if (!record) throw new Fault('NotFoundException', `Unable to get budget: ${name ?? ''} - the budget doesn't exist.`);
  return record;
}

export function createBudget(input: CreateBudgetRequest, call: Call) {
  checkAccount(call, input.AccountId);
  const budget = checkBudget(input.Budget);
  if (input.ResourceTags?.length) throw invalid('ResourceTags is not modelled by Orrery');
  const notifications = input.NotificationsWithSubscribers ?? [];
  if (notifications.length > mostNotifications)
    throw new Fault('CreationLimitExceededException', `A budget has at most ${mostNotifications} notifications`);
  for (const { Notification: notification, Subscribers = [] } of notifications) {
    const { Threshold = 0, NotificationType = '', ComparisonOperator = '' } = notification ?? {};
    if (
      !(Threshold > 0) ||
      !['ACTUAL', 'FORECASTED'].includes(NotificationType) ||
      !['GREATER_THAN', 'LESS_THAN', 'EQUAL_TO'].includes(ComparisonOperator)
    ) {
      throw invalid('The notification is invalid');
    }
    if (Subscribers.length < 1 || Subscribers.length > mostSubscribers)
      throw invalid(`A notification has 1 to ${mostSubscribers} subscribers`);
    for (const { SubscriptionType, Address = '' } of Subscribers) {
      const form = SubscriptionType === 'SNS' ? /^arn:aws[a-z-]*:sns:/ : /^[^@\s]+@[^@\s]+$/;
      if (!form.test(Address)) throw invalid(`Invalid subscriber address: ${Address}`);
    }
  }
  const name = budget.BudgetName ?? '';
  if (budgetRecords(call).has(name)) {
    throw new Fault('DuplicateRecordException', `Error creating budget: ${name} - the budget already exists.`);
  }
  budgetRecords(call).put(name, { budget, notifications, updatedMs: call.clock.now() });
  return {};
}

export function updateBudget(input: UpdateBudgetRequest, call: Call) {
  checkAccount(call, input.AccountId);
  const budget = checkBudget(input.NewBudget);
  const record = needBudget(call, budget.BudgetName);
  budgetRecords(call).put(budget.BudgetName ?? '', { ...record, budget, updatedMs: call.clock.now() });
  return {};
}

/** Nothing is spent in the model. */
const view = ({ budget, updatedMs }: BudgetRecord): Budget => ({
  ...budget,
  CalculatedSpend: { ActualSpend: { Amount: '0.0', Unit: 'USD' } },
  LastUpdatedTime: new Date(updatedMs),
});

export function describeBudget(input: DescribeBudgetRequest, call: Call) {
  checkAccount(call, input.AccountId);
  return { Budget: view(needBudget(call, input.BudgetName)) };
}

function page<T>(
  all: readonly T[],
  { MaxResults = 100, NextToken }: { MaxResults?: number | undefined; NextToken?: string | undefined },
) {
  const { items, next } = pageAt(all, NextToken, MaxResults, () => {
    throw new Fault('InvalidNextTokenException', 'The pagination token is invalid');
  });
  return { items, ...(next === undefined ? {} : { NextToken: next }) };
}

export function describeBudgets(input: DescribeBudgetsRequest, call: Call) {
  checkAccount(call, input.AccountId);
  const { items, ...more } = page([...budgetRecords(call).values()], input);
  return { Budgets: items.map(view), ...more };
}

export function deleteBudget(input: DeleteBudgetRequest, call: Call) {
  checkAccount(call, input.AccountId);
  needBudget(call, input.BudgetName);
  budgetRecords(call).delete(input.BudgetName ?? '');
  return {};
}

export function describeNotificationsForBudget(input: DescribeNotificationsForBudgetRequest, call: Call) {
  checkAccount(call, input.AccountId);
  const { items, ...more } = page(needBudget(call, input.BudgetName).notifications, input);
  return { Notifications: items.flatMap((one) => one.Notification ?? []), ...more };
}

const key = (one: Notification | undefined) =>
  [one?.NotificationType, one?.ComparisonOperator, one?.Threshold, one?.ThresholdType ?? 'PERCENTAGE'].join();

export function describeSubscribersForNotification(input: DescribeSubscribersForNotificationRequest, call: Call) {
  checkAccount(call, input.AccountId);
  const found = needBudget(call, input.BudgetName).notifications.find(
    (one) => key(one.Notification) === key(input.Notification),
  );
  if (!found) throw new Fault('NotFoundException', "The notification doesn't exist.");
  const { items, ...more } = page(found.Subscribers ?? [], input);
  return { Subscribers: items, ...more };
}
