"use strict";
// The official client deploys and calls a function; told where on standard input, prints what each call came to.
const { CommonClient } = require("tencentcloud-sdk-nodejs-common");

const at = JSON.parse(require("fs").readFileSync(0, "utf8"));
const VERSIONS = { scf: "2018-04-16", cam: "2019-01-16", cls: "2020-10-16", sts: "2018-08-13" };

function client(service, { secretId = at.secretId, secretKey = at.secretKey, region = "ap-guangzhou" } = {}) {
  return new CommonClient(at.endpoint, VERSIONS[service], {
    credential: { secretId, secretKey },
    region,
    profile: { httpProfile: { protocol: "http://", reqTimeout: 60 } },
  });
}

// The answer, or the error's code; a code comes with a RequestId, as the reference promises.
async function call(service, action, body = {}, who = client(service)) {
  try {
    return await who.request(action, body);
  } catch (error) {
    return { code: error.code, identified: Boolean(error.requestId), message: error.message };
  }
}

async function settled(name) {
  for (let tries = 0; tries < 200; tries++) {
    const found = await call("scf", "GetFunction", { FunctionName: name });
    if (found.code || !/ing$/.test(found.Status)) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${name} is never ready`);
}

async function main() {
  const said = {};
  const one = { FunctionName: "node" };
  said.who = await call("sts", "GetCallerIdentity");
  said.appId = await call("cam", "GetUserAppId");
  said.role = await call("cam", "GetRole", { RoleName: "functions" });
  said.logs = await call("cls", "GetClsService");
  said.create = await call("scf", "CreateFunction", at.function);
  said.made = await settled("node");
  said.listed = await call("scf", "ListFunctions", { SearchKey: "node" });
  said.invoke = await call("scf", "InvokeFunction", { ...one, Event: "{}" });
  said.trigger = await call("scf", "CreateTrigger", {
    ...one, TriggerName: "url-trigger", Type: "http", Enable: "OPEN", Qualifier: "$DEFAULT",
    TriggerDesc: JSON.stringify({ AuthType: "NONE", NetConfig: { EnableIntranet: false, EnableExtranet: true } }),
  });
  said.triggers = await call("scf", "ListTriggers", one);
  said.again = await call("scf", "CreateFunction", at.function);
  said.empty = await call("scf", "UpdateFunctionConfiguration", {
    ...one, Environment: { Variables: [{ Key: "A", Value: "1" }, { Key: "B", Value: "" }] },
  });
  said.unknownParameter = await call("scf", "UpdateFunctionConfiguration", { ...one, Handler: "index.other" });
  said.missing = await call("scf", "CreateFunction", { FunctionName: "two" });
  said.wrongType = await call("scf", "UpdateFunctionConfiguration", { ...one, Timeout: "7" });
  said.delete = await call("scf", "DeleteFunction", one);
  await settled("node");
  said.gone = await call("scf", "GetFunction", one);
  said.action = await call("scf", "MakeCoffee");
  said.region = await call("scf", "ListFunctions", {}, client("scf", { region: "moon" }));
  said.unknownId = await call("scf", "ListFunctions", {}, client("scf", { secretId: "AKIDnobody" }));
  said.wrongKey = await call("scf", "ListFunctions", {}, client("scf", { secretKey: "wrong" }));
  said.alarm = await call("cls", "CreateAlarm", { Name: "a" });
  return said;
}

main().then((said) => console.log(JSON.stringify(said)));
