// Go templates as docker's --format has them: what they print, and how they are refused.
import { describe, expect, test } from "bun:test";
import { executeTemplate } from "../../../src/cli/format/template/execute.ts";
import { functionNames } from "../../../src/cli/format/template/functions.ts";
import { parseTemplate } from "../../../src/cli/format/template/parser.ts";
import { toJson, toValue, type Value } from "../../../src/cli/format/template/values.ts";

const data: Value = {
  Name: "web",
  Empty: "",
  Count: 3,
  Ratio: 1.5,
  On: true,
  None: null,
  Env: ["A=1", "B=2"],
  Config: { Cmd: ["sh", "-c"], Labels: { b: "2", a: "1" }, Ports: { "80/tcp": {} } },
  Label: (key) => `<${String(key)}>`,
};

function print(template: string): string {
  return executeTemplate(parseTemplate(template, functionNames), data, { typeName: "*x.row" });
}

const PRINTED: readonly (readonly [template: string, text: string])[] = [
  ["plain", "plain"],
  ["{{.Name}}", "web"],
  ["{{ .Name }}-{{.Count}}", "web-3"],
  ["{{.Config.Cmd}}", "[sh -c]"],
  ["{{.Config.Labels}}", "map[a:1 b:2]"],
  ["{{.Config.Ports}}", "map[80/tcp:{}]"],
  ["{{.None}}", "<nil>"],
  ["{{.Ratio}} {{.On}}", "1.5 true"],
  ["{{json .Config.Cmd}}", '["sh","-c"]'],
  ["{{.Config.Labels | json}}", '{"b":"2","a":"1"}'],
  ['{{index .Env 1}} {{index .Config.Labels "a"}}', "B=2 1"],
  ["{{(index .Config.Cmd 0)}}", "sh"],
  ["{{len .Env}}", "2"],
  ['{{join .Env ","}}', "A=1,B=2"],
  ["{{range .Env}}[{{.}}]{{end}}", "[A=1][B=2]"],
  ["{{range $i, $e := .Env}}{{if $i}}, {{end}}{{$i}}={{$e}}{{end}}", "0=A=1, 1=B=2"],
  ["{{range $k, $v := .Config.Labels}}{{$k}}:{{$v}};{{end}}", "a:1;b:2;"],
  ["{{range .Empty | len}}x{{else}}none{{end}}", "none"],
  ["{{range .Env}}{{break}}{{end}}", ""],
  ["{{range .Env}}{{if eq . `A=1`}}{{continue}}{{end}}{{.}}{{end}}", "B=2"],
  ["{{if .Empty}}a{{else if .On}}b{{else}}c{{end}}", "b"],
  ["{{with .Config}}{{.Cmd}}{{end}}", "[sh -c]"],
  ["{{with .Empty}}x{{else}}y{{end}}", "y"],
  ['{{if and .On (eq .Name "web" "db")}}yes{{end}}', "yes"],
  ['{{if or .Empty (ne .Name "x")}}yes{{end}}', "yes"],
  ["{{not .On}} {{lt 1 2}} {{ge 1 2}}", "false true false"],
  ['{{printf "%s-%d-%v-%q" .Name .Count .On .Name}}', 'web-3-true-"web"'],
  [
    '{{printf "%5s|%-5s|%05d|%.2f|%x" .Name .Name .Count .Ratio .Name}}',
    "  web|web  |00003|1.50|776562",
  ],
  ['{{printf "%d" .Name}} {{printf "%s"}}', "%!d(string=web) %!s(MISSING)"],
  ["{{println .Name .Count}}", "web 3\n"],
  ["{{upper .Name}} {{lower `ABC`}} {{title .Name}}", "WEB abc Web"],
  ["{{pad .Name 1 2}}|{{pad .Empty 1 2}}|", " web  ||"],
  ["{{truncate .Name 2}}", "we"],
  ['{{split "a:b" ":"}}', "[a b]"],
  ['{{index (split "a:b" ":") 1 | upper}}', "B"],
  ['{{.Label "x"}}', "<x>"],
  ["a {{- .Name -}} b", "awebb"],
  ["{{/* nothing */}}x", "x"],
  ["{{$x := .Name}}{{$x}}{{$.Count}}", "web3"],
  ["{{$x := 1}}{{range .Env}}{{$x = 2}}{{end}}{{$x}}", "2"],
  ["{{slice .Name 1 2}} {{print 1 2 `a` 3}}", "e 1 2a3"],
  ['{{"a\\tb"}}', "a\tb"],
  ["{{html `<a>`}}", "&lt;a&gt;"],
];

const REFUSED: readonly (readonly [template: string, reason: string])[] = [
  ["{{.Name", ":1: unclosed action"],
  ["{{.Nope}}", ':1:2: executing "" at <.Nope>: can\'t evaluate field Nope in type *x.row'],
  ["{{.Config.Nope}}", ':1:9: executing "" at <.Config.Nope>: map has no entry for key "Nope"'],
  ["{{nope .Name}}", ':1: function "nope" not defined'],
  ["{{if .On}}x", ":1: unexpected EOF"],
  ["{{end}}", ":1: unexpected {{end}}"],
  ["{{}}", ":1: missing value for command"],
  ['{{"a}}', ":1: unterminated quoted string"],
  ["{{break}}", ":1: {{break}} outside {{range}}"],
  ["{{index .Env 5}}", ':1:2: executing "" at <index>: error calling index: index out of range: 5'],
  ["{{len}}", ':1:2: executing "" at <len>: wrong number of args for len: want 1 got 0'],
];

describe("a template", () => {
  for (const [template, text] of PRINTED) {
    test(`prints as Go does: ${JSON.stringify(template)}`, () => {
      expect(print(template)).toBe(text);
    });
  }

  for (const [template, reason] of REFUSED) {
    test(`is refused in Go's words: ${template}`, () => {
      expect(() => print(template)).toThrow(`template parsing error: template: ${reason}`);
    });
  }
});

test("a list or map that docker has no value for is null in JSON, and empty in a template", () => {
  const image = toValue({ Cmd: null, Labels: null, Env: ["A=1"], User: null });
  const shown =
    "{{.Cmd}} {{.Labels}} {{.Env}} {{.User}} {{len .Cmd}} {{json .Cmd}}{{range .Cmd}}x{{end}}";
  const nodes = parseTemplate(shown, functionNames);
  expect(executeTemplate(nodes, image)).toBe("[] map[] [A=1] <nil> 0 null");
  expect(toJson(image)).toBe('{"Cmd":null,"Labels":null,"Env":["A=1"],"User":null}');
  expect(JSON.stringify(image)).toBe(toJson(image));
});
