import {
  BudgetsClient,
  CreateBudgetCommand,
  DescribeBudgetCommand,
  DescribeBudgetsCommand,
  DescribeNotificationsForBudgetCommand,
} from '@aws-sdk/client-budgets';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { faultOf, type TestRegion, testRegion } from '../testing.ts';
import { budgets } from './index.ts';

const AccountId = '123456789012';
let region: TestRegion;
let client: BudgetsClient;
beforeEach(async () => {
  region = await testRegion({ services: [budgets] });
  client = region.client(BudgetsClient);
});
afterEach(async () => {
  expect(region.failures).toEqual([]);
  await region.close();
});

it('CloudFormation makes, changes and deletes a budget', async () => {
  const template = (Amount: number) => ({
    Resources: {
      Budget: {
        Type: 'AWS::Budgets::Budget',
        Properties: {
          Budget: { BudgetType: 'COST', TimeUnit: 'MONTHLY', BudgetLimit: { Amount, Unit: 'USD' } },
          NotificationsWithSubscribers: [
            {
              Notification: {
                ComparisonOperator: 'GREATER_THAN',
                NotificationType: 'ACTUAL',
                Threshold: 80,
                ThresholdType: 'PERCENTAGE',
              },
              Subscribers: [{ SubscriptionType: 'EMAIL', Address: 'ann@example.com' }],
            },
          ],
        },
      },
    },
    Outputs: { Name: { Value: { Ref: 'Budget' } } },
  });
  const stacks = region.stacks();
  stacks.create('app', template(100));
  await stacks.settle();
  expect(stacks.stack('app').status).toBe('CREATE_COMPLETE');
  const BudgetName = stacks.stack('app').outputs[0]?.value;
  stacks.update('app', template(200));
  await stacks.settle();
  const { Budget } = await client.send(new DescribeBudgetCommand({ AccountId, BudgetName }));
  expect(Budget).toMatchObject({ BudgetLimit: { Amount: '200', Unit: 'USD' }, TimeUnit: 'MONTHLY' });
  const { Notifications } = await client.send(new DescribeNotificationsForBudgetCommand({ AccountId, BudgetName }));
  expect(Notifications).toMatchObject([{ Threshold: 80 }]);
  stacks.delete('app');
  await stacks.settle();
  expect((await client.send(new DescribeBudgetsCommand({ AccountId }))).Budgets).toEqual([]);
});

const good = {
  BudgetName: 'b',
  BudgetType: 'COST',
  TimeUnit: 'MONTHLY',
  BudgetLimit: { Amount: '1', Unit: 'USD' },
} as const;
it.each([
  ['a second time', { AccountId, Budget: good }, /^DuplicateRecordException/],
  ['another account', { AccountId: '210987654321', Budget: good }, /^AccessDeniedException/],
  [
    'no limit',
    { AccountId, Budget: { ...good, BudgetLimit: undefined } },
    /^InvalidParameterException: The budget limit/,
  ],
  ['usage', { AccountId, Budget: { ...good, BudgetType: 'USAGE' as const } }, /not modelled by Orrery$/],
])('is refused: %s', async (_, input, expected) => {
  await client.send(new CreateBudgetCommand({ AccountId, Budget: good }));
  expect(await faultOf(client.send(new CreateBudgetCommand(input)))).toMatch(expected);
  const missing = client.send(new DescribeBudgetCommand({ AccountId, BudgetName: 'x' }));
  expect(await faultOf(missing)).toMatch(/^NotFoundException/);
});
