import advice from "./examples/advice.graphql?raw";
import balance from "./examples/balance.graphql?raw";
import home from "./examples/home.graphql?raw";
import serviceStatus from "./examples/service-status.graphql?raw";
import signIn from "./examples/sign-in.graphql?raw";
import water from "./examples/water.graphql?raw";

/** The tabs of a first visit. */
export function exampleTabs(demo) {
  const input = {
    accountLabel: demo?.accountLabel ?? "",
    password: demo?.password ?? "",
    client: "APP",
  };
  return [
    { query: home },
    { query: balance },
    { query: water },
    { query: serviceStatus },
    { query: advice },
    { query: signIn, variables: JSON.stringify({ input }, null, 2) },
  ];
}
