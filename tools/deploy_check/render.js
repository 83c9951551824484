// Prints what CreateFunction and CreateTrigger would get, as JSON. Nothing is sent.
//
// Standard input is serverless.yml as JSON, its variables resolved. What the multi-scf component does before the
// toolkit is called (a function's entries replace the shared ones, `environments` becomes a map) is done here alike.
'use strict';

const { readFileSync } = require('fs');
const { formatInputs } = require('tencent-component-toolkit/lib/modules/scf/utils');
const triggerClasses = require('tencent-component-toolkit/lib/modules/triggers').default;

const { app, stage, name, inputs } = JSON.parse(readFileSync(0, 'utf8'));
const { functions, triggers = [], src, ...shared } = inputs;

const names = {};
const rendered = { functions: {}, triggers: [] };
for (const [key, own] of Object.entries(functions)) {
  const given = { namespace: 'default', ...shared, ...own };
  given.name = given.name || `${name}-${stage}-${app}-${key}`;
  names[key] = given.name;
  const entries = (given.environments || []).map((entry) => [entry.key, entry.value]);
  given.environment = { variables: Object.fromEntries(entries) };
  given.code = { bucket: 'code', object: `${given.name}.zip` };
  rendered.functions[key] = formatInputs(given);
}
for (const { type, function: key, parameters } of triggers) {
  if (type === 'apigw') continue; // of a deployment that still has one: its payload takes calls to the service
  const trigger = new triggerClasses[type]({ credentials: {}, region: shared.region });
  const { triggerInputs } = trigger.formatInputs({
    region: shared.region,
    inputs: { namespace: shared.namespace || 'default', functionName: names[key], type, parameters },
  });
  rendered.triggers.push(triggerInputs);
}
process.stdout.write(JSON.stringify(rendered));
