module binnacle.dev/generate-api

go 1.26.0
