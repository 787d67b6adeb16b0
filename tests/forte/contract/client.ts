// A program of somebody who has only the document: everything that it calls was generated from it.
// Told what to do in one argument, it writes what came of it as one line of JSON.

import { Configuration, ReviewApi, UploadApi } from "./generated/index";

declare const process: { argv: string[] };
declare function require(name: string): { readFileSync(path: string): BlobPart };

interface Plan {
  url: string;
  token: string;
  report: string;
  file: string;
}

async function main(plan: Plan): Promise<object> {
  const configuration = new Configuration({ basePath: plan.url, accessToken: plan.token });
  const file = new Blob([require("node:fs").readFileSync(plan.file)], { type: "video/mp4" });
  const saved = await new UploadApi(configuration).uploadReport({
    file,
    refKey: plan.report,
    timeSent: "2026-05-13 10:00:00",
    lat: 43.238949,
    _long: 76.889709,
  });
  const video = await new ReviewApi(configuration).video({ refKey: plan.report });
  return {
    status: saved.status,
    sha256: saved.data.sha256,
    seen: video.data.sha256,
    length: video.data.facts.length,
    link: video.data.link,
  };
}

main(JSON.parse(process.argv[2])).then((end) => console.log(JSON.stringify(end)));
