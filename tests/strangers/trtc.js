"use strict";
// The official client of TRTC's API, told where on standard input; prints what each call came to, as one JSON object.
const { CommonClient } = require("tencentcloud-sdk-nodejs-common");

const at = JSON.parse(require("fs").readFileSync(0, "utf8"));

function client({ secretId = at.secretId, secretKey = at.secretKey, token = at.token, region = "ap-guangzhou" } = {}) {
  return new CommonClient(at.endpoint, "2019-07-22", {
    credential: { secretId, secretKey, token },
    region,
    profile: { httpProfile: { protocol: "http://", reqTimeout: 10 } },
  });
}

// The answer, or the error's code; a code comes with a RequestId, as the reference promises.
async function call(action, body, who = client()) {
  try {
    return await who.request(action, body);
  } catch (error) {
    return { code: error.code, identified: Boolean(error.requestId), message: error.message };
  }
}

function start(changes = {}) {
  return {
    SdkAppId: at.sdkAppId,
    RecordUrl: "https://example.com/",
    StorageParams: {
      CloudStorage: {
        Vendor: 0, Region: "ap-guangzhou", Bucket: at.bucket, AccessKey: at.uploadId, SecretKey: at.uploadKey,
        FileNamePrefix: ["strangers"],
      },
    },
    ...changes,
  };
}

async function tenMinutesLate(work) {
  const now = Date.prototype.getTime;
  Date.prototype.getTime = function () { return now.call(this) - 600_000; };
  try {
    return await work();
  } finally {
    Date.prototype.getTime = now;
  }
}

async function main() {
  const said = {};
  const first = await call("StartWebRecord", start({ RecordId: "stranger-1" }));
  said.start = first;
  said.describe = await call("DescribeWebRecord", { TaskId: first.TaskId });
  said.describeByRecordId = await call("DescribeWebRecord", { SdkAppId: at.sdkAppId, RecordId: "stranger-1" });
  said.taskExist = await call("StartWebRecord", start({ RecordId: "stranger-1" }));
  said.quota = await call("StartWebRecord", start()); // the local service was told to allow one at once
  said.stop = await call("StopWebRecord", { TaskId: first.TaskId });
  said.taskNotExist = await call("DescribeWebRecord", { TaskId: first.TaskId });
  said.stopAgain = await call("StopWebRecord", { TaskId: first.TaskId });
  said.missing = await call("StartWebRecord", { ...start(), RecordUrl: undefined });
  said.wrongValue = await call("StartWebRecord", start({ MaxDurationLimit: 1 }));
  said.wrongType = await call("StartWebRecord", start({ RecordUrl: 7 }));
  said.unknownParameter = await call("StartWebRecord", start({ Surprise: 1 }));
  said.notOurs = await call("StartWebRecord", start({ SdkAppId: 7 }));
  said.unknownId = await call("StartWebRecord", start(), client({ secretId: "AKIDnobody" }));
  said.wrongKey = await call("StartWebRecord", start(), client({ secretKey: "wrong" }));
  said.wrongToken = await call("StartWebRecord", start(), client({ token: "wrong" }));
  said.expired = await tenMinutesLate(() => call("StartWebRecord", start()));
  said.region = await call("StartWebRecord", start(), client({ region: "ap-singapore" }));
  said.action = await call("StartWebRecords", start());
  return said;
}

async function burst(size) {
  const answers = await Promise.all(Array.from({ length: size }, () => call("DescribeWebRecord", { TaskId: "none" })));
  return { codes: answers.map((answer) => answer.code) };
}

(at.burst ? burst(at.burst) : main()).then((said) => console.log(JSON.stringify(said)));
