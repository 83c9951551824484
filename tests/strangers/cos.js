"use strict";
// The official client of COS, told where on standard input; prints what each call came to, as one JSON object.
const fs = require("fs");
const COS = require("cos-nodejs-sdk-v5");

const at = JSON.parse(fs.readFileSync(0, "utf8"));
const place = { Bucket: at.bucket, Region: "ap-guangzhou" };

function client({ SecretId = at.secretId, SecretKey = at.secretKey, SecurityToken = at.token } = {}) {
  return new COS({ SecretId, SecretKey, SecurityToken, Protocol: "http:", Domain: `${at.host}/{Bucket}` });
}

const cos = client();

async function refusal(work) {
  try {
    return await work;
  } catch (error) {
    return { status: error.statusCode, code: error.code };
  }
}

async function main() {
  const said = {};
  const key = "strangers/录 one+two.txt";
  said.put = await cos.putObject({ ...place, Key: key, Body: "0123456789", ContentType: "text/plain" });
  said.head = (await cos.headObject({ ...place, Key: key })).headers;
  said.get = String((await cos.getObject({ ...place, Key: key })).Body);
  const range = await cos.getObject({ ...place, Key: key, Range: "bytes=2-4" });
  said.range = [range.statusCode, String(range.Body), range.headers["content-range"]];

  const upload = await cos.uploadFile({
    ...place, Key: "strangers/big.bin", FilePath: at.bigFile, SliceSize: 1 << 20, ChunkSize: 1 << 20,
  });
  said.upload = upload.ETag;
  const big = await cos.getObject({ ...place, Key: "strangers/big.bin" });
  said.bigIsSame = Buffer.compare(big.Body, fs.readFileSync(at.bigFile)) === 0;
  const started = await cos.multipartInit({ ...place, Key: "strangers/aborted" });
  said.uploads = (await cos.multipartList({ ...place, Prefix: "strangers/" })).Upload.map((each) => each.Key);
  await cos.multipartAbort({ ...place, Key: "strangers/aborted", UploadId: started.UploadId });
  said.gone = await refusal(cos.multipartListPart({ ...place, Key: "strangers/aborted", UploadId: started.UploadId }));

  for (const name of ["list/a/1", "list/a/2", "list/b", "list/c d"]) {
    await cos.putObject({ ...place, Key: name, Body: name });
  }
  const folders = await cos.getBucket({ ...place, Prefix: "list/", Delimiter: "/" });
  said.folders = [folders.CommonPrefixes.map((each) => each.Prefix), folders.Contents.map((each) => each.Key)];
  said.pages = [];
  let Marker = "";
  do {
    const page = await cos.getBucket({ ...place, Prefix: "list/", MaxKeys: 3, Marker, EncodingType: "url" });
    said.pages.push(page.Contents.map((each) => each.Key));
    Marker = page.NextMarker && decodeURIComponent(page.NextMarker);
  } while (Marker);

  const source = `${at.bucket}.cos.ap-guangzhou.myqcloud.com/${encodeURIComponent(key).replace(/%2F/g, "/")}`;
  await cos.putObjectCopy({ ...place, Key: "list/copy", CopySource: source });
  said.copy = String((await cos.getObject({ ...place, Key: "list/copy" })).Body);
  const removed = await cos.deleteMultipleObject({ ...place, Objects: [{ Key: "list/copy" }, { Key: "list/none" }] });
  said.removed = removed.Deleted.map((each) => each.Key);
  said.afterRemoval = await refusal(cos.headObject({ ...place, Key: "list/copy" }));
  await cos.deleteObject({ ...place, Key: "list/b" });
  await cos.putObjectAcl({ ...place, Key: key, ACL: "private" });

  const { CORSRules: before } = await cos.getBucketCors(place);
  const rule = { ID: "page", AllowedOrigin: ["http://page.example.com"], AllowedMethod: ["GET"] };
  await cos.putBucketCors({ ...place, CORSRules: [...before, rule] });
  said.rules = (await cos.getBucketCors(place)).CORSRules.map((each) => each.ID);
  const url = cos.getObjectUrl({ ...place, Key: key, Sign: true, Expires: 60 });
  const page = await fetch(url, { headers: { Range: "bytes=0-3", Origin: "http://page.example.com" } });
  said.presigned = [page.status, await page.text(), page.headers.get("access-control-allow-origin")];
  said.presignedPut = (await fetch(
    cos.getObjectUrl({ ...place, Method: "PUT", Key: "strangers/by-url", Sign: true }), { method: "PUT", body: "by url" },
  )).status;
  const preflight = await fetch(url, {
    method: "OPTIONS",
    headers: { Origin: "http://page.example.com", "Access-Control-Request-Method": "GET" },
  });
  said.preflight = [preflight.status, preflight.headers.get("access-control-allow-methods").includes("GET")];
  await cos.putBucketCors({ ...place, CORSRules: before });

  said.noKey = await refusal(cos.getObject({ ...place, Key: "strangers/none" }));
  said.noUpload = await refusal(
    cos.multipartComplete({ ...place, Key: "k", UploadId: "none", Parts: [{ PartNumber: 1, ETag: '"x"' }] }),
  );
  said.wrongKey = await refusal(client({ SecretKey: "wrong" }).getObject({ ...place, Key: key }));
  said.unknownId = await refusal(client({ SecretId: "AKIDnobody" }).getObject({ ...place, Key: key }));
  said.wrongToken = await refusal(client({ SecurityToken: "wrong" }).getObject({ ...place, Key: key }));
  said.badRange = await refusal(cos.getObject({ ...place, Key: key, Range: "bytes=99-" }));
  said.precondition = await refusal(cos.getObject({ ...place, Key: key, IfMatch: '"other"' }));
  said.exists = await refusal(
    cos.putObject({ ...place, Key: key, Body: "x", Headers: { "x-cos-forbid-overwrite": "true" } }),
  );
  said.badDigest = await refusal(cos.putObject({ ...place, Key: "k", Body: "x", ContentMD5: "AAAAAAAAAAAAAAAAAAAAAA==" }));
  said.notImplemented = await refusal(cos.getBucketTagging(place));
  console.log(JSON.stringify(said));
}

main();
