/** Actions of listeners and rules, as templates write them and as the API takes them. */

export interface ActionProperties {
  readonly Type: string;
  readonly TargetGroupArn?: string;
  readonly Order?: number;
  readonly ForwardConfig?: {
    readonly TargetGroups?: readonly { readonly TargetGroupArn: string; readonly Weight?: number }[];
  };
  readonly RedirectConfig?: Readonly<Record<string, string>>;
  readonly FixedResponseConfig?: Readonly<Record<string, string>>;
}

export const actionPaths = (prefix: string) =>
  ['Type', 'TargetGroupArn', 'Order', 'ForwardConfig.TargetGroups', 'RedirectConfig', 'FixedResponseConfig'].map(
    (path) => `${prefix}[].${path}`,
  );

export function actionInput(actions: readonly ActionProperties[]): object[] {
  return actions.map(({ Type, TargetGroupArn, Order, ForwardConfig, RedirectConfig, FixedResponseConfig }) => ({
    Type,
    TargetGroupArn,
    Order: Order === undefined ? undefined : Number(Order),
    ...(ForwardConfig
      ? {
          ForwardConfig: {
            TargetGroups: ForwardConfig.TargetGroups?.map((group) => ({
              TargetGroupArn: group.TargetGroupArn,
              Weight: group.Weight === undefined ? undefined : Number(group.Weight),
            })),
          },
        }
      : {}),
    ...(RedirectConfig ? { RedirectConfig } : {}),
    ...(FixedResponseConfig ? { FixedResponseConfig } : {}),
  }));
}
