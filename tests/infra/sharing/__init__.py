"""What processes share: each module holds one kind of resource; fixtures are in modules beside."""
