// Command generate-api reads the Go declarations of the Kubernetes API types and prints their facts as JSON: fields,
// JSON names, protobuf numbers, merge and list markers, enums, defaults. No prose is taken over.
//
// usage: go run main.go < LINES, each a directory and its import path
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

// Field is one JSON field of a struct, or an embedded struct (Inline).
type Field struct {
	Name      string   `json:"name"`
	Type      string   `json:"type"`
	Inline    bool     `json:"inline,omitempty"`
	OmitEmpty bool     `json:"omitEmpty,omitempty"`
	Protobuf  string   `json:"protobuf,omitempty"`
	Strategy  string   `json:"patchStrategy,omitempty"`
	MergeKey  string   `json:"patchMergeKey,omitempty"`
	Markers   []string `json:"markers,omitempty"`
}

// Type is one named type: a struct with fields, or a name for another type.
type Type struct {
	Package string   `json:"package"`
	Model   string   `json:"model"`
	Name    string   `json:"name"`
	Struct  bool     `json:"struct"`
	Of      string   `json:"of,omitempty"`
	Fields  []Field  `json:"fields,omitempty"`
	Markers []string `json:"markers,omitempty"`
	Enum    []string `json:"enum,omitempty"`
}

var (
	marker       = regexp.MustCompile(`^\s*\+(optional|required|listType|listMapKey|mapType|structType|enum|default|protobuf\.nullable|nullable|k8s:)\b?(.*)$`)
	modelPackage = regexp.MustCompile(`\+k8s:openapi-model-package=(\S+)`)
)

func markers(groups ...*ast.CommentGroup) []string {
	var found []string
	for _, group := range groups {
		if group == nil {
			continue
		}
		for _, comment := range group.List {
			line := strings.TrimPrefix(comment.Text, "//")
			if match := marker.FindStringSubmatch(line); match != nil && match[1] != "k8s:" {
				found = append(found, strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "+")))
			} else if strings.HasPrefix(strings.TrimSpace(line), "Deprecated:") || strings.HasPrefix(strings.ToLower(strings.TrimSpace(line)), "deprecated") {
				found = append(found, "deprecated")
			}
		}
	}
	return found
}

type reader struct {
	importPath string
	imports    map[string]string
}

// typeText spells a type with full import paths: `*k8s.io/api/core/v1.Pod`, `[]string`, `map[string]int32`.
func (r *reader) typeText(expression ast.Expr) string {
	switch node := expression.(type) {
	case *ast.StarExpr:
		return "*" + r.typeText(node.X)
	case *ast.ArrayType:
		return "[]" + r.typeText(node.Elt)
	case *ast.MapType:
		return "map[" + r.typeText(node.Key) + "]" + r.typeText(node.Value)
	case *ast.Ident:
		if node.Obj == nil && token.IsExported(node.Name) || node.Obj != nil || token.IsExported(node.Name) {
			return r.importPath + "." + node.Name
		}
		return node.Name
	case *ast.SelectorExpr:
		return r.imports[node.X.(*ast.Ident).Name] + "." + node.Sel.Name
	case *ast.InterfaceType:
		return "any"
	case *ast.StructType:
		return "struct"
	case *ast.FuncType, *ast.ChanType:
		return "func"
	}
	panic(fmt.Sprintf("%s: unexpected type %T", r.importPath, expression))
}

func (r *reader) fields(structType *ast.StructType) []Field {
	var fields []Field
	for _, declared := range structType.Fields.List {
		tag := reflect.StructTag("")
		if declared.Tag != nil {
			text, err := strconv.Unquote(declared.Tag.Value)
			if err != nil {
				panic(err)
			}
			tag = reflect.StructTag(text)
		}
		name, options, _ := strings.Cut(tag.Get("json"), ",")
		inline := strings.Contains(options, "inline") || len(declared.Names) == 0 && name == ""
		if !inline && (name == "" || name == "-") {
			continue
		}
		fields = append(fields, Field{
			Name:      name,
			Type:      r.typeText(declared.Type),
			Inline:    inline,
			OmitEmpty: strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero"),
			Protobuf:  tag.Get("protobuf"),
			Strategy:  tag.Get("patchStrategy"),
			MergeKey:  tag.Get("patchMergeKey"),
			Markers:   markers(declared.Doc),
		})
	}
	return fields
}

func readPackage(directory, importPath string) []*Type {
	files := token.NewFileSet()
	packages, err := parser.ParseDir(files, directory, func(info os.FileInfo) bool {
		return !strings.HasSuffix(info.Name(), "_test.go")
	}, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		panic(err)
	}
	var types []*Type
	enums := map[string][]string{}
	model := ""
	for _, parsed := range packages {
		for _, file := range parsed.Files {
			for _, group := range file.Comments {
				for _, line := range group.List {
					if match := modelPackage.FindStringSubmatch(line.Text); match != nil {
						model = match[1]
					}
				}
			}
			r := &reader{importPath: importPath, imports: map[string]string{}}
			for _, imported := range file.Imports {
				path, err := strconv.Unquote(imported.Path.Value)
				if err != nil {
					panic(err)
				}
				name := path[strings.LastIndex(path, "/")+1:]
				if imported.Name != nil {
					name = imported.Name.Name
				}
				r.imports[name] = path
			}
			for _, declaration := range file.Decls {
				general, ok := declaration.(*ast.GenDecl)
				if !ok {
					continue
				}
				for _, spec := range general.Specs {
					switch spec := spec.(type) {
					case *ast.TypeSpec:
						if !spec.Name.IsExported() {
							continue
						}
						doc := general.Doc
						if spec.Doc != nil {
							doc = spec.Doc
						}
						described := &Type{Package: importPath, Name: spec.Name.Name, Markers: markers(doc)}
						// Markers may stand in a comment of their own above the doc comment.
						start := files.Position(general.Pos()).Line
						if doc != nil {
							start = files.Position(doc.Pos()).Line
						}
						for _, group := range file.Comments {
							if end := files.Position(group.End()).Line; end == start-2 {
								described.Markers = append(described.Markers, markers(group)...)
							}
						}
						if structType, ok := spec.Type.(*ast.StructType); ok {
							described.Struct = true
							described.Fields = r.fields(structType)
						} else if _, ok := spec.Type.(*ast.InterfaceType); ok {
							continue
						} else {
							described.Of = r.typeText(spec.Type)
						}
						types = append(types, described)
					case *ast.ValueSpec:
						named, ok := spec.Type.(*ast.Ident)
						if general.Tok != token.CONST || !ok || len(spec.Values) != 1 {
							continue
						}
						if literal, ok := spec.Values[0].(*ast.BasicLit); ok && literal.Kind == token.STRING {
							value, err := strconv.Unquote(literal.Value)
							if err != nil {
								panic(err)
							}
							enums[named.Name] = append(enums[named.Name], value)
						}
					}
				}
			}
		}
	}
	for _, described := range types {
		described.Model = model
		for _, m := range described.Markers {
			if m == "enum" {
				values := enums[described.Name]
				sort.Strings(values)
				described.Enum = values
			}
		}
	}
	sort.Slice(types, func(i, j int) bool { return types[i].Name < types[j].Name })
	return types
}

func main() {
	var types []*Type
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		directory, importPath, _ := strings.Cut(lines.Text(), " ")
		types = append(types, readPackage(directory, importPath)...)
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(types); err != nil {
		panic(err)
	}
}
