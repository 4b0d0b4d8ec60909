import { launch, open, started } from "./lib/browser.mjs";
import { serve } from "./lib/server.mjs";
const b=await launch(); const s=await serve(process.argv[2]??"dist");
const v=await open(b,s.url,{prepare:(page)=>page.addInitScript(()=>addEventListener("TrunkApplicationStarted",({detail})=>{globalThis.program=detail.wasm;console.log("started")}))});
const t0=Date.now();
v.page.on("console",m=>console.log(Date.now()-t0,"console",m.type(),m.text().slice(0,300)));
v.page.on("request",r=>console.log(Date.now()-t0,"req",r.url().slice(-40)));
for(let i=0;i<8;i++){await new Promise(r=>setTimeout(r,1500));
 const r=await Promise.race([v.page.evaluate(()=>[document.querySelector(".shell[aria-busy]")!==null,globalThis.program?.loaded?.value,document.body.innerText.slice(0,80)]),new Promise(r=>setTimeout(()=>r("blocked"),1000))]);
 console.log(Date.now()-t0,JSON.stringify(r));}
for (const w of v.page.workers()) console.log("worker", JSON.stringify(await Promise.race([w.evaluate(()=>globalThis.program?.loaded?.value ?? "noprogram"),new Promise(r=>setTimeout(()=>r("blocked"),2000))])));
console.log(v.errors); process.exit(0);
